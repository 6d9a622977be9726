import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDefinition } from '@capplan/audit-service';
import { type Plan, type RequestData, type RequestName, systemKey } from '@capplan/contracts';
import {
  createExecutor,
  createMemoryActuator,
  createNoneActuator,
  ExecutorConfig,
  type MemoryActuator,
} from '@capplan/executor-service';
import { plannerDefinition } from '@capplan/planner-service';
import { samplePolicy, samplePool, sampleSnapshot } from '@capplan/planner-service/conformance';
import {
  openContext,
  type PrivateServer,
  type RunningService,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
  startService,
} from '@capplan/runtime';
import { expect } from 'chai';

const pool = 'shop/checkout';
const ada = { id: 'ada', kind: 'user', second_factor: true } as const;

describe('planner, executor and audit on real servers', function () {
  this.timeout(90_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  let helper: ServerContext;
  let actuator: MemoryActuator;
  let running: RunningService[] = [];

  const env = () => ({
    NATS_URL: nats.url,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'silent',
    AUDIT_KEY_FILE: join(folder, 'keys.json'),
    AUDIT_CHECKPOINT_EVERY: '5',
    EXECUTOR_TICK_MS: '200',
  });
  const executor = {
    name: 'executor',
    configSchema: ExecutorConfig,
    create: (context: Parameters<typeof createExecutor>[0], config: ExecutorConfig) => {
      const none = createNoneActuator();
      return createExecutor(context, config, { actuators: { process: actuator, kubernetes: none, none } });
    },
  };
  const launch = async () => {
    running = [
      await startService(auditDefinition, env(), { probes: false }),
      await startService(plannerDefinition, env(), { probes: false }),
      await startService(executor, env(), { probes: false }),
    ];
  };
  const ask = <N extends RequestName>(name: N, data: RequestData<N>) =>
    helper.bus.request(name, data, { key: name.startsWith('policy') ? systemKey('default') : pool, actor: ada });
  const until = async (what: string, condition: () => Promise<boolean>) => {
    for (let i = 0; i < 300; i++) {
      if (await condition().catch(() => false)) return;
      await helper.clock.sleep(100);
    }
    throw new Error(`${what} did not come about`);
  };
  const observe = async (change: object) => {
    const { workers } = await actuator.current(samplePool());
    const data = sampleSnapshot(helper.clock.nowMs(), workers, change);
    await helper.bus.publish({ type: 'load.observed', key: pool, data, cause: data.timestamp });
  };
  const completed = async (): Promise<Plan[]> => (await ask('plan.list', { pool, status: 'completed' })).plans;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    helper = await openContext({ name: 'helper', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'silent' });
    actuator = createMemoryActuator(helper.clock);
    actuator.place(pool, 4);
    await launch();
  });
  after(async () => {
    for (const service of running) await service.stop();
    await helper?.close();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('turns an overload into workers, with an audit log that proves it', async () => {
    const scaling = { min_workers: 1, max_workers: 40, scale_up_cooldown: '1s' };
    await ask('policy.put', { policy: samplePolicy({ scaling }), must: 'create' });
    await ask('pool.put', { pool: samplePool({ startup_delay: '1s' }) });
    const overload = { arrival_rate: 12, utilization: 1, busy_slots: 8, backlog: 12, response_time_p95: '9s' };
    await until('a plan carried out', async () => {
      await observe(overload);
      return (await completed()).length > 0;
    });
    const [plan] = (await completed()).slice(-1);
    expect(plan?.target_workers).to.be.greaterThan(4);
    expect((await actuator.current(samplePool())).workers).to.be.at.least(plan?.target_workers as number);
    const { rollouts } = await ask('rollout.list', { pool });
    const receipt = rollouts.at(-1)?.steps[0]?.audit_receipt?.split(':') ?? [];
    const { records } = await ask('audit.list', { from_sequence: Number(receipt[0]), limit: 1 });
    expect(records[0]?.hash).to.equal(receipt[1]);
    expect(records[0]?.entry.action).to.equal('rollout.step');
    expect(await ask('audit.verify', {})).to.include({ intact: true });
  });

  it('goes on after both servers were killed: nothing lost, nothing done twice', async () => {
    const before = (await completed()).map(({ id }) => id);
    const policy = samplePolicy({ mode: 'manual', scaling: { min_workers: 1, max_workers: 40 } });
    await ask('policy.put', { policy, must: 'update' });
    await observe({});
    await until('a fresh measurement', async () => (await ask('plan.preview', { pool })).id !== '');
    const { workers } = await actuator.current(samplePool());
    const target = workers + 2;
    const plan = await ask('plan.create', { pool, target_workers: target });
    await ask('plan.apply', { plan_id: plan.id });
    await Promise.all([nats.kill(), redis.kill()]);
    nats = await startPrivateNats({ dataDir: join(folder, 'nats'), port: nats.port });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis'), port: redis.port });
    await until('the applied plan carried out', async () => {
      await observe({});
      return (await ask('plan.get', { plan_id: plan.id })).status === 'completed';
    });
    const steps = actuator.changes.filter(({ to }) => to === target);
    expect(steps).to.have.length(1);
    expect((await completed()).map(({ id }) => id)).to.include.members(before);
    expect(await ask('audit.verify', {})).to.include({ intact: true });
  });

  it('goes on where it was when all three services start afresh', async () => {
    for (const service of running) await service.stop();
    await launch();
    const known = (await completed()).map(({ id }) => id);
    expect(known).to.not.deep.equal([]);
    expect((await ask('policy.get', { id: 'default' })).mode).to.equal('manual');
    const { total } = await ask('audit.list', { limit: 1 });
    await ask('pool.put', { pool: samplePool({ startup_delay: '2s' }) });
    await until('a longer audit log', async () => (await ask('audit.list', { limit: 1 })).total > total);
    expect(await ask('audit.verify', {})).to.include({ intact: true });
  });
});
