import {
  CollectorConfig,
  createCollector,
  createMemoryDepths,
  createMemoryHistory,
  createMemoryWindowStore,
} from '@capplan/collector-service';
import type { Forecast, Policy, Pool, Requirement, Snapshot } from '@capplan/contracts';
import { createForecaster, ForecasterConfig } from '@capplan/forecaster-service';
import { createQueueing, QueueingConfig } from '@capplan/queueing-service';
import { createRandomStream } from '@capplan/random';
import {
  createMemoryBackend,
  createVirtualClock,
  loadConfig,
  type MemoryContext,
  type Service,
  type ServiceContext,
} from '@capplan/runtime';
import { createBusTransport, createWorkerReporter } from '@capplan/worker-sdk';
import { expect } from 'chai';
import { worldFaults } from './faults.ts';
import { forEachSeed, worldSeeds } from './seeds.ts';

/*
 * Workers, collector, forecaster and queueing service on a bus that loses, repeats, delays and reorders, two replicas of
 * each, any of which may die at any moment.
 */

const startMs = Date.parse('2026-03-02T08:00:00Z');
const updatedAt = '2026-03-02T07:00:00.000Z';
const id = 'shop/mail';
const pool: Pool = {
  id,
  policy_id: 'p1',
  queue: { kind: 'bullmq', name: 'mail' },
  actuator: { kind: 'none' },
  concurrency: 2,
  startup_delay: '30s',
  worker_cost_per_hour: 1,
  service_time_hint: '1s',
  tags: [],
  updated_at: updatedAt,
};
const policy: Policy = {
  id: 'p1',
  name: 'one',
  enabled: true,
  mode: 'advisory',
  slo: { p95_latency: '10s' },
  scaling: { min_workers: 0, max_workers: 10 },
  forecast: {},
  cost: {},
  tags: [],
  updated_at: updatedAt,
};

async function live(seed: number): Promise<void> {
  const clock = createVirtualClock({ startMs });
  const random = createRandomStream(`watch/${seed}`);
  const backend = createMemoryBackend({ clock, random: random.fork('world') });
  const ports = { depths: createMemoryDepths(), windows: createMemoryWindowStore(), history: createMemoryHistory() };
  const makers: Record<string, (context: ServiceContext) => Service> = {
    collector: (context) => createCollector(context, loadConfig(CollectorConfig, {}), ports),
    forecaster: (context) => createForecaster(context, loadConfig(ForecasterConfig, {})),
    queueing: (context) => createQueueing(context, loadConfig(QueueingConfig, {})),
  };
  const outside = backend.context('planner');
  await outside.bus.publish({ type: 'pool.changed', key: id, cause: '1', data: { id, revision: 1, pool } });
  const change = { id: policy.id, revision: 1, policy };
  await outside.bus.publish({ type: 'policy.changed', key: '_/p1', cause: '1', data: change });

  const replicas = new Map<string, MemoryContext>();
  const startReplica = async (name: string, instance: string): Promise<void> => {
    const context = backend.context(name, instance);
    replicas.set(`${name}/${instance}`, context);
    await clock.waitFor((makers[name] as (context: ServiceContext) => Service)(context).start());
  };
  for (const name of Object.keys(makers)) for (const instance of ['a', 'b']) await startReplica(name, instance);

  const workers = backend.context('workers');
  const reporters = ['w1', 'w2', 'w3'].map((worker) =>
    createWorkerReporter({
      transport: createBusTransport(workers.bus),
      pool: id,
      worker,
      concurrency: 2,
      clock,
      random: random.fork(worker),
    }),
  );
  for (const reporter of reporters) await clock.waitFor(reporter.start());

  backend.setFaults(worldFaults());
  let done = 0;
  const chance = random.fork('chance');
  for (const reporter of reporters) reporter.jobStarted();
  for (let second = 0; second < 400; second++) {
    for (const reporter of reporters) {
      // A slot that is free takes the next job at once.
      reporter.jobStarted();
      reporter.jobFinished({ waitSec: chance.next(), serviceSec: chance.exponential(0.8), ok: chance.next() < 0.99 });
      done += 1;
    }
    ports.depths.set('mail', chance.integer(5));
    await clock.advance(1000);
    if (chance.next() > 0.02) continue;
    const name = [...replicas.keys()][chance.integer(replicas.size)] as string;
    replicas.get(name)?.crash();
    backend.setFaults({});
    await startReplica(...(name.split('/') as [string, string]));
    backend.setFaults(worldFaults());
  }
  backend.setFaults({});
  for (const reporter of reporters) await clock.waitFor(reporter.stop({ waitMs: 30_000 }));
  await clock.advance(180_000);

  const said = <T>(type: string): T[] =>
    backend
      .messages('events')
      .filter((message) => message.type === type)
      .map(({ envelope }) => (envelope as { data: T }).data);
  const snapshots = said<Snapshot>('load.observed');
  const times = snapshots.map(({ timestamp }) => timestamp);
  expect(new Set(times).size, 'a window is said once').to.equal(times.length);
  expect(times.length, 'most windows are said').to.be.greaterThan(24);
  const untrusted = snapshots.filter(({ quality }) => !quality.trusted);
  expect(untrusted.length, 'an honest pool is trusted most of the time').to.be.at.most(0.25 * times.length);

  const ended = (rate: number, errors: number, sec: number) => (rate * sec) / (1 - errors);
  const points = await ports.history.read(id, { fromMs: startMs - 60_000, toMs: clock.nowMs(), everySec: 15 });
  const counted = points.reduce((sum, p) => sum + ended(p.completion_rate, p.error_rate, p.interval_s), 0);
  expect(counted, 'no job is counted twice').to.be.at.most(done + 1e-6);
  expect(counted, 'few jobs are too late to count').to.be.at.least(0.85 * done);

  const forecasts = said<Forecast>('forecast.made');
  expect(new Set(forecasts.map(({ made_at }) => made_at)).size, 'a forecast is said once').to.equal(forecasts.length);
  for (const { made_at } of forecasts) expect(times, 'a forecast stands on a snapshot').to.include(made_at);
  expect(
    forecasts
      .map(({ made_at }) => made_at)
      .sort()
      .at(-1),
    'the newest forecast',
  ).to.equal(times.sort().at(-1));
  const requirements = said<Requirement>('capacity.sized');
  expect(requirements.length, 'requirements are said').to.be.greaterThan(20);
  expect(backend.deadLetters(), 'dead letters').to.deep.equal([]);
}

describe('watching a pool while everything fails now and then', () => {
  const seeds = worldSeeds(8);
  it(`comes to the same windows, counts and forecasts (${seeds.length} seeds)`, async function () {
    this.timeout(0);
    await forEachSeed(seeds, live);
  });
});
