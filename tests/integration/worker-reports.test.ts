import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CollectorConfig,
  createCollector,
  createMemoryDepths,
  createRedisHistory,
  createRedisWindowStore,
} from '@capplan/collector-service';
import type { Snapshot } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import {
  createMemoryLog,
  createSystemClock,
  loadConfig,
  openContext,
  type PrivateServer,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { createNatsTransport, createWorkerReporter } from '@capplan/worker-sdk';
import { expect } from 'chai';

describe('workers report to a collector over NATS', () => {
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  const contexts: ServerContext[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
  });
  after(async () => {
    for (const context of contexts) await context.close();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (name: string): Promise<ServerContext> => {
    const context = await openContext({ name, natsUrl: nats.url, redisUrl: redis.url, log: createMemoryLog() });
    contexts.push(context);
    return context;
  };

  it('and every job is counted once', async () => {
    const outside = await open('planner');
    const id = 'shop/mail';
    const pool = {
      id,
      policy_id: 'p1',
      queue: { kind: 'bullmq' as const, name: 'mail' },
      actuator: { kind: 'none' as const },
      concurrency: 2,
      startup_delay: '5s',
      worker_cost_per_hour: 1,
      tags: [],
      updated_at: new Date().toISOString(),
    };
    await outside.bus.publish({ type: 'pool.changed', key: id, cause: '1', data: { id, revision: 1, pool } });
    const snapshots: Snapshot[] = [];
    await outside.bus.follow('load.observed', ({ envelope }) => void snapshots.push(envelope.data));

    const context = await open('collector');
    const config = { ...loadConfig(CollectorConfig, {}), intervalSec: 1, graceSec: 0.3 };
    const collector = createCollector(context, config, {
      depths: createMemoryDepths(),
      windows: createRedisWindowStore(context.redis),
      history: createRedisHistory(context.redis, { keepDays: 1 }),
    });
    await collector.start();

    const clock = createSystemClock();
    const reporters = await Promise.all(
      ['w1', 'w2', 'w3'].map(async (worker) =>
        createWorkerReporter({
          transport: await createNatsTransport({ url: nats.url, name: worker }),
          pool: id,
          worker,
          concurrency: 2,
          clock,
          random: createRandomStream(worker),
          intervalMs: 300,
        }),
      ),
    );
    await Promise.all(reporters.map((reporter) => reporter.start()));
    let done = 0;
    for (let i = 0; i < 30; i++) {
      for (const reporter of reporters) {
        reporter.jobStarted();
        reporter.jobFinished({ waitSec: 0.01, serviceSec: 0.05, ok: true });
        done += 1;
      }
      await clock.sleep(100);
    }
    await Promise.all(reporters.map((reporter) => reporter.stop()));
    const counted = () => snapshots.reduce((sum, { completion_rate }) => sum + completion_rate, 0);
    for (let i = 0; i < 50 && Math.round(counted()) < done; i++) await clock.sleep(100);
    await collector.stop();

    expect(counted()).to.be.closeTo(done, 1e-6);
    expect(Math.max(...snapshots.map(({ current_workers }) => current_workers))).to.equal(3);
    expect(snapshots.find(({ completion_rate }) => completion_rate > 0)?.service_time_mean_s).to.be.closeTo(0.05, 1e-9);
  });
});
