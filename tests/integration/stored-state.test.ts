import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditDefinition } from '@capplan/audit-service';
import { collectorDefinition } from '@capplan/collector-service';
import { type RequestData, type RequestName, systemKey } from '@capplan/contracts';
import { createExecutor, createMemoryActuator, createNoneActuator, ExecutorConfig } from '@capplan/executor-service';
import { forecasterDefinition } from '@capplan/forecaster-service';
import { plannerDefinition } from '@capplan/planner-service';
import {
  openContext,
  type PrivateServer,
  type RunningService,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
  startService,
} from '@capplan/runtime';
import { simulatorDefinition } from '@capplan/simulator-service';
import { expect } from 'chai';
import { restoreState } from './stored-state/restore-state.ts';
import { readState } from './stored-state/state-file.ts';

const fixtures = fileURLToPath(new URL('../fixtures/stored-state/', import.meta.url));
const pool = 'demo/jobs';
const ada = { id: 'ada', kind: 'user', second_factor: true } as const;

describe('the stored state of version 0.1.0', function () {
  this.timeout(60_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  let context: ServerContext;
  const running: RunningService[] = [];

  const ask = <N extends RequestName>(name: N, data: RequestData<N>) =>
    context.bus.request(name, data, { key: name.startsWith('pol') ? systemKey('demo-auto') : pool, actor: ada });
  const deadLetters = async () => (await context.nats.manager.streams.info('CAPACITY_DEAD')).state.messages;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    await restoreState(await readState(join(fixtures, '0.1.0.json.gz')), { natsUrl: nats.url, redisUrl: redis.url });
    const keyFile = join(folder, 'audit-keys.json');
    await copyFile(join(fixtures, '0.1.0.audit-keys.json'), keyFile);
    const env = {
      NATS_URL: nats.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'silent',
      AUDIT_KEY_FILE: keyFile,
      SIMULATOR_PORT: '0',
    };
    const none = createNoneActuator();
    const executor = {
      name: 'executor',
      configSchema: ExecutorConfig,
      create: (given: Parameters<typeof createExecutor>[0], config: ExecutorConfig) =>
        createExecutor(given, config, {
          actuators: { process: createMemoryActuator(given.clock), kubernetes: none, none },
        }),
    };
    const host = { probes: false };
    running.push(await startService(auditDefinition, env, host));
    running.push(await startService(simulatorDefinition, env, host));
    running.push(await startService(collectorDefinition, env, host));
    running.push(await startService(forecasterDefinition, env, host));
    running.push(await startService(plannerDefinition, env, host));
    running.push(await startService(executor, env, host));
    context = await openContext({ name: 'reader', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'silent' });
  });

  after(async () => {
    for (const service of running.reverse()) await service.stop();
    await context?.close();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('has its pool, its policy, its plans and its rollouts', async () => {
    const { pools } = await ask('pool.list', {});
    expect(pools.map(({ id, policy_id }) => [id, policy_id])).to.deep.equal([[pool, 'demo-auto']]);
    const { policies } = await ask('policy.list', {});
    expect(policies.map(({ id, mode }) => [id, mode])).to.deep.equal([['demo-auto', 'auto']]);
    const { plans } = await ask('plan.list', { pool, limit: 100 });
    expect(plans).to.have.length(18);
    expect(plans.filter(({ status }) => status === 'completed')).to.have.length(12);
    const [newest] = plans;
    expect(await ask('plan.get', { plan_id: newest?.id ?? '' })).to.deep.equal(newest);
    const { rollouts } = await ask('rollout.list', { pool, limit: 100 });
    expect(rollouts).to.have.length(10);
  });

  it('has its history and its forecast', async () => {
    const range = { from: '2026-01-05T06:00:00.000Z', to: '2026-01-05T13:00:00.000Z' };
    const { points } = await ask('load.history', { pool, ...range, every_s: 300 });
    expect(points.length).to.be.greaterThan(70);
    expect(Math.max(...points.map((point) => point.arrival_rate))).to.be.within(0.3, 3);
    const forecast = await ask('forecast.get', { pool });
    expect(forecast.mean.length).to.be.greaterThan(0);
  });

  it('has its audit log, whose chain is whole and goes on', async () => {
    const before = await ask('audit.verify', {});
    expect(before.intact).to.equal(true);
    expect(before.records).to.be.at.least(150);
    const { records } = await ask('audit.list', { from_sequence: 1, limit: 1 });
    expect(records[0]?.entry.action).to.equal('policy.put');
    await ask('audit.append', {
      id: 'after-the-upgrade',
      actor: 'ada',
      action: 'test',
      target: pool,
      outcome: 'allowed',
      time: '2026-01-06T00:00:00.000Z',
      detail: {},
    });
    const after = await ask('audit.verify', {});
    expect(after).to.include({ intact: true, records: before.records + 1 });
  });

  it('can be changed, and what is changed is announced', async () => {
    const [policy] = (await ask('policy.list', {})).policies;
    if (!policy) throw new Error('there is no policy');
    const put = await ask('policy.put', { policy: { ...policy, name: 'after the upgrade' }, must: 'update' });
    expect(put.name).to.equal('after the upgrade');
    const [known] = (await ask('pool.list', {})).pools;
    if (!known) throw new Error('there is no pool');
    const changed = await ask('pool.put', { pool: { ...known, worker_cost_per_hour: 0.5 } });
    expect(changed.worker_cost_per_hour).to.equal(0.5);
  });

  it('keeps decisions for ninety days, and the events of its records in a stream of their own for ever', async () => {
    const { streams } = context.nats.manager;
    const info = (name: string) => streams.info(name, { subjects_filter: '>' });
    const events = await info('CAPACITY_EVENTS');
    expect(events.config.max_age).to.equal(90 * 24 * 3600 * 1e9);
    const kinds = Object.keys(events.state.subjects ?? {}).map((subject) => subject.split('.')[2]);
    expect(kinds).to.include('plan').and.to.include('rollout').and.to.not.include('pool').and.to.not.include('policy');
    const records = await info('CAPACITY_RECORDS');
    expect(records.config.max_age).to.equal(0);
    expect(Object.keys(records.state.subjects ?? {}).sort()).to.deep.equal([
      'capacity.evt.policy.changed.v1._.demo-auto',
      'capacity.evt.pool.changed.v1.demo.jobs',
    ]);
  });

  it('leaves no dead letter behind', async () => {
    expect(await deadLetters()).to.equal(0);
  });
});
