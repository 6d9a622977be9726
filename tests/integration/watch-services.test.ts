import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectorDefinition } from '@capplan/collector-service';
import type { Forecast, Policy, Pool, Requirement, Snapshot } from '@capplan/contracts';
import { forecasterDefinition } from '@capplan/forecaster-service';
import { queueingDefinition } from '@capplan/queueing-service';
import { createRandomStream } from '@capplan/random';
import {
  createMemoryLog,
  createSystemClock,
  freePort,
  openContext,
  type PrivateServer,
  type RunningService,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
  startService,
} from '@capplan/runtime';
import { createNatsTransport, createWorkerReporter, type WorkerReporter } from '@capplan/worker-sdk';
import { expect } from 'chai';

const id = 'shop/mail';
const now = new Date().toISOString();
const pool: Pool = {
  id,
  policy_id: 'p1',
  queue: { kind: 'bullmq', name: 'mail' },
  actuator: { kind: 'none' },
  concurrency: 2,
  startup_delay: '5s',
  worker_cost_per_hour: 1,
  service_time_hint: '50ms',
  tags: [],
  updated_at: now,
};
const policy: Policy = {
  id: 'p1',
  name: 'one',
  enabled: true,
  mode: 'advisory',
  slo: { p95_latency: '1s' },
  scaling: { min_workers: 0, max_workers: 10 },
  forecast: {},
  cost: {},
  tags: [],
  updated_at: now,
};

describe('collector, forecaster and queueing on real servers', () => {
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  const services: RunningService[] = [];
  let outside: ServerContext;
  const clock = createSystemClock();
  const seen = { snapshots: [] as Snapshot[], forecasts: [] as Forecast[], requirements: [] as Requirement[] };

  const startServers = async (ports: { nats: number; redis: number }): Promise<void> => {
    nats = await startPrivateNats({ dataDir: join(folder, 'nats'), port: ports.nats });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis'), port: ports.redis });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    await startServers({ nats: await freePort(), redis: await freePort() });
    outside = await openContext({
      name: 'planner',
      natsUrl: nats.url,
      redisUrl: redis.url,
      log: createMemoryLog(),
    });
    await outside.bus.publish({ type: 'pool.changed', key: id, cause: '1', data: { id, revision: 1, pool } });
    const change = { id: policy.id, revision: 1, policy };
    await outside.bus.publish({ type: 'policy.changed', key: '_/p1', cause: '1', data: change });
    const env = {
      NATS_URL: nats.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'silent',
      COLLECTOR_INTERVAL_S: '1',
      COLLECTOR_GRACE_S: '0.3',
      FORECASTER_LEAD_STEP_S: '2',
      FORECASTER_PATH_STEP_S: '2',
    };
    services.push(
      await startService(collectorDefinition, env),
      await startService(forecasterDefinition, env),
      await startService(queueingDefinition, env),
    );
    await outside.bus.follow('load.observed', ({ envelope }) => void seen.snapshots.push(envelope.data));
    await outside.bus.follow('forecast.made', ({ envelope }) => void seen.forecasts.push(envelope.data));
    await outside.bus.follow('capacity.sized', ({ envelope }) => void seen.requirements.push(envelope.data));
  });
  after(async () => {
    for (const service of services) await service.stop();
    await outside?.close();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const until = async (what: string, condition: () => boolean, limitMs = 30_000): Promise<void> => {
    const endMs = performance.now() + limitMs;
    while (!condition()) {
      if (performance.now() > endMs) throw new Error(`${what}: not within ${limitMs} ms`);
      await clock.sleep(50);
    }
  };
  const startWorker = async (worker: string): Promise<WorkerReporter> => {
    const reporter = createWorkerReporter({
      transport: await createNatsTransport({ url: nats.url, name: worker, timeoutMs: 500 }),
      pool: id,
      worker,
      concurrency: 2,
      clock,
      random: createRandomStream(worker),
      intervalMs: 300,
    });
    await reporter.start();
    return reporter;
  };
  const work = async (reporter: WorkerReporter, jobs: number): Promise<void> => {
    for (let i = 0; i < jobs; i++) {
      reporter.jobStarted();
      reporter.jobFinished({ waitSec: 0.01, serviceSec: 0.05, ok: true });
      await clock.sleep(20);
    }
  };

  it('turn what workers report into snapshots, forecasts and requirements', async () => {
    const reporter = await startWorker('w1');
    await work(reporter, 100);
    await reporter.stop();
    await until('100 jobs', () => Math.round(seen.snapshots.reduce((sum, s) => sum + s.completion_rate, 0)) >= 100);
    await until('a forecast', () => seen.forecasts.some(({ paths }) => (paths?.rates_per_s.length ?? 0) > 0));
    await until('a requirement', () => seen.requirements.some(({ workers }) => (workers[0] ?? 0) >= 1));
    const history = await outside.bus.request(
      'load.history',
      { pool: id, from: new Date(Date.now() - 60_000).toISOString(), to: new Date().toISOString(), every_s: 1 },
      { key: id, actor: { id: 'test', kind: 'service' } },
    );
    expect(history.points.length).to.be.greaterThan(1);
    const forecast = await outside.bus.request(
      'forecast.get',
      { pool: id },
      { key: id, actor: { id: 'test', kind: 'service' } },
    );
    expect(forecast.mean).to.have.length(96);
  });

  it('go on by themselves after both servers were killed, and count every job once', async () => {
    const counted = () => seen.snapshots.reduce((sum, snapshot) => sum + snapshot.completion_rate, 0);
    const reporter = await startWorker('w2');
    await work(reporter, 50);
    await reporter.flush();
    const ports = { nats: Number(new URL(nats.url).port), redis: Number(new URL(redis.url).port) };
    await Promise.all([nats.kill(), redis.kill()]);
    await work(reporter, 25);
    await startServers(ports);
    await work(reporter, 25);
    await until('the rest of the reports', () => services.every(({ context }) => context.health.report().ready));
    const newest = seen.snapshots.length;
    await until('news after the restart', () => seen.snapshots.length > newest + 2);
    await reporter.stop({ waitMs: 10_000 });
    // Reports that lay in the stream while nobody could take them are late: they are in history, not in the news.
    await until('all jobs in history or news', () => Math.round(counted()) >= 150, 5000).catch(() => {});
    const history = await outside.bus.request(
      'load.history',
      { pool: id, from: new Date(Date.now() - 120_000).toISOString(), to: new Date().toISOString(), every_s: 1 },
      { key: id, actor: { id: 'test', kind: 'service' } },
    );
    const inHistory = history.points.reduce((sum, point) => sum + point.completion_rate * point.interval_s, 0);
    expect(inHistory).to.be.at.most(200 * 1.01);
    expect(inHistory).to.be.at.least(200 * 0.8);
    expect(seen.snapshots.at(-1)?.quality).to.be.an('object');
  });
});
