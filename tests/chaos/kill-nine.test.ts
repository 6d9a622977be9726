import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditRecord,
  isTerminal,
  type Plan,
  type ReplyData,
  type RequestData,
  type RequestName,
  systemKey,
} from '@capplan/contracts';
import {
  freePort,
  openContext,
  type PrivateServer,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { expect } from 'chai';
import { type MainJob, startMainJob, workerProcesses } from './main-job.ts';

const pool = 'demo/jobs';
const ada = { id: 'ada', kind: 'user', second_factor: true } as const;
const marker = `CAPPLAN_CHAOS=${process.pid}-${process.hrtime.bigint()}`;
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('kill -9 in the middle of a rollout', function () {
  this.timeout(120_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  let job: MainJob;
  let context: ServerContext;
  /** Plans that were approved before something was killed. */
  const ordered: Plan[] = [];
  let completed = 0;

  const startNats = async (port: number) => {
    nats = await startPrivateNats({ dataDir: join(folder, 'servers', 'nats'), port });
  };
  const startRedis = async (port: number) => {
    redis = await startPrivateRedis({ dataDir: join(folder, 'servers', 'redis'), port });
  };
  const startJob = () => {
    job = startMainJob({ dataDir: folder, natsUrl: nats.url, redisUrl: redis.url, marker });
  };

  const ask = <N extends RequestName>(name: N, data: RequestData<N>): Promise<ReplyData<N>> => {
    const key = name.startsWith('policy') || name.startsWith('audit') ? systemKey('chaos') : pool;
    return context.bus.request(name, data, { key, actor: ada, timeoutMs: 2000 });
  };
  /** Tries again until it works out; what goes wrong in between is what this test is about. */
  const eventually = async <T>(what: string, attempt: () => Promise<T | undefined>, limitMs = 60_000): Promise<T> => {
    const endMs = performance.now() + limitMs;
    let trouble: unknown;
    while (performance.now() < endMs) {
      try {
        const found = await attempt();
        if (found !== undefined) return found;
      } catch (error) {
        trouble = error;
      }
      await later(100);
    }
    throw new Error(`${what} did not come about within ${limitMs} ms`, { cause: trouble });
  };

  /** Has a change approved that starts or stops real workers, and lets it be under way for so long. */
  const beginRollout = async (forMs: number): Promise<void> => {
    const plan = await eventually('an approved plan', async () => {
      const { plans } = await ask('plan.list', { pool, limit: 20 });
      if (plans.some(({ status }) => status === 'approved' || status === 'executing')) return undefined;
      const { rollouts } = await ask('rollout.list', { pool, limit: 1 });
      const [snapshot] = (await ask('load.current', { pool })).snapshots;
      // A plan for a pool as it was before the last change would find nothing to do.
      if (!snapshot || (rollouts[0] && snapshot.timestamp <= rollouts[0].updated_at)) return undefined;
      const workers = snapshot.current_workers + snapshot.starting_workers;
      // What a killed run had left was ended; its workers come back first.
      if (workers === 0) return undefined;
      const created = await ask('plan.create', { pool, target_workers: workers >= 6 ? workers - 3 : workers + 2 });
      return ask('plan.apply', { plan_id: created.id });
    });
    ordered.push(plan);
    await later(forMs);
  };

  /** The plan that was under way has ended, by one rollout that did its step once. */
  const expectEnded = async (): Promise<void> => {
    const { id } = ordered.at(-1) as Plan;
    const plan = await eventually(`the end of ${id}`, async () => {
      const found = await ask('plan.get', { plan_id: id });
      return isTerminal(found.status) ? found : undefined;
    });
    const { rollouts } = await eventually('rollouts', () => ask('rollout.list', { pool, plan_id: id }));
    const steps = rollouts.flatMap((rollout) => rollout.steps);
    // What was not yet begun may give way to a plan for more workers: the pool is a live one.
    if (plan.status === 'superseded') return void expect(steps.filter((step) => step.ordered_at)).to.deep.equal([]);
    // An order that is overdue when its executor comes back is given up, and decided afresh from new measurements.
    if (plan.status_reason.startsWith('workers_did_not_arrive')) return;
    // Made while the workers of a killed run were still coming back: refused, with nothing done.
    if (plan.status_reason.startsWith('pool_moved'))
      return void expect(steps.filter((step) => step.ordered_at)).to.deep.equal([]);
    expect(plan.status, plan.status_reason).to.equal('completed');
    completed += 1;
    expect(rollouts.map(({ status }) => status)).to.deep.equal(['finished']);
    expect(steps[0]?.audit_receipt).to.match(/^\d+:[0-9a-f]{64}$/);
    expect(steps[0]?.workers_after).to.equal(plan.target_workers);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-chaos-'));
    await Promise.all([freePort().then(startNats), freePort().then(startRedis)]);
    startJob();
    await job.ready;
    context = await openContext({ name: 'chaos', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'silent' });
  });

  after(async () => {
    await context?.close();
    await job?.kill();
    await nats?.kill();
    await redis?.kill();
    for (const pid of workerProcesses(marker) ?? []) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('of nats-server: the rollout goes on when it is back', async () => {
    await beginRollout(200);
    await nats.kill();
    await later(1500);
    await startNats(nats.port);
    await expectEnded();
  });

  it('of redis-server: the rollout goes on when it is back', async () => {
    await beginRollout(200);
    await redis.kill();
    await later(1500);
    await startRedis(redis.port);
    await expectEnded();
  });

  it('of the whole process, twice: the next one goes on where it stood', async () => {
    for (const forMs of [50, 600]) {
      await beginRollout(forMs);
      await job.kill();
      startJob();
      await expectEnded();
      await job.ready;
    }
  });

  it('of everything at once: the same plans are there afterwards', async () => {
    await beginRollout(300);
    const { plans: before } = await eventually('plans', () => ask('plan.list', { pool, limit: 20 }));
    await Promise.all([job.kill(), nats.kill(), redis.kill()]);
    await Promise.all([startNats(nats.port), startRedis(redis.port)]);
    startJob();
    await expectEnded();
    const { plans: afterwards } = await eventually('plans', () => ask('plan.list', { pool, limit: 200 }));
    const newest = before.slice(0, 5).map(({ id }) => id);
    expect(afterwards.map(({ id }) => id)).to.include.members(newest);
    await job.ready;
  });

  it('lost no plan, did nothing twice, broke no link of the audit chain and left no process behind', async () => {
    const { policies } = await eventually('policies', () => ask('policy.list', {}));
    for (const policy of policies) {
      const change = { policy: { ...policy, enabled: false }, must: 'update' } as const;
      await eventually('an end of planning', () => ask('policy.put', change));
    }
    await eventually('the end of the last plan', async () => {
      const { plans } = await ask('plan.list', { pool, limit: 20 });
      return plans.every(({ status }) => isTerminal(status)) || undefined;
    });
    const auditLog = async (): Promise<AuditRecord[]> => {
      const records: AuditRecord[] = [];
      for (let total = 1; records.length < total; ) {
        const page = await ask('audit.list', { from_sequence: records.length + 1, limit: 1000 });
        records.push(...page.records);
        total = page.total;
      }
      return records;
    };
    const ends = /^plan\.(completed|failed|reverted|cancelled|rejected|superseded|expired)$/;
    const records = await eventually('a record of the end of every approved plan', async () => {
      const all = await auditLog();
      const ended = new Set(all.filter(({ entry }) => ends.test(entry.action)).map(({ entry }) => entry.target));
      const approved = all.filter(({ entry }) => entry.action === 'plan.approved').map(({ entry }) => entry.target);
      return ordered.every(({ id }) => approved.includes(id)) && approved.every((id) => ended.has(id))
        ? all
        : undefined;
    });

    const ids = records.map(({ entry }) => entry.id);
    expect(new Set(ids).size, 'entries of the audit log are there once').to.equal(ids.length);
    expect(completed, 'plans carried out although something was killed').to.be.at.least(2);
    const steps = records.filter(({ entry }) => entry.action === 'rollout.step').map(({ entry }) => entry.id);
    for (const { id } of ordered) {
      const own = steps.filter((step) => step === `rollout-${id.replace(/^plan-/, '')}:step:0`);
      expect(own.length, `receipts for the step of ${id}`).to.be.at.most(1);
    }
    expect((await eventually('a verdict', () => ask('audit.verify', {}))).intact).to.equal(true);

    const { rollouts } = await eventually('rollouts', () => ask('rollout.list', { pool, limit: 20 }));
    const carriedOut = rollouts.map(({ steps }) => steps.findLast(({ workers_after }) => workers_after !== undefined));
    const wanted = carriedOut.find((step) => step !== undefined)?.workers_after;
    // Those of a killed run were ended at the next start, and come back.
    await eventually(
      `${wanted} workers`,
      async () => (workerProcesses(marker)?.length ?? wanted) === wanted || undefined,
    );
    const summary = await job.stop();
    expect(summary.audit_intact).to.equal(true);
    expect(workerProcesses(marker) ?? []).to.deep.equal([]);
  });
});
