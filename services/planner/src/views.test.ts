import { type Forecast, type Policy, type Requirement, type Snapshot, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { pool } from './conformance/planner-world.ts';
import { samplePlan, samplePolicy, samplePool, sampleSnapshot, startMs } from './conformance/samples.ts';
import { noPlans, type PoolPlans } from './decide/pool-plans.ts';
import { openStores } from './stores.ts';
import { createViews, type Views } from './views.ts';

const atSec = (sec: number, change: Partial<Snapshot> = {}) => sampleSnapshot(startMs + 1000 * sec, 4, change);
const plansOf = (change: Partial<PoolPlans>): PoolPlans => ({ ...noPlans(pool), ...change });
const record = (revision: number, change: Partial<PoolPlans>) => ({ key: pool, revision, value: plansOf(change) });
const [a, b] = [samplePlan([4, 6], { id: 'plan-a' }), samplePlan([4, 7], { id: 'plan-b' })];

async function open(policy: Partial<Policy> | null = {}) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(1) });
  const context = backend.context('planner', 'a');
  const stores = await clock.waitFor(openStores(context));
  const anomalies: string[] = [];
  const views = createViews(context, stores, (of, kind) => anomalies.push(`${of} ${kind}`));
  views.wrotePool(pool, { pool: samplePool(), command_id: 'c' }, 1);
  if (policy) views.wrotePolicy('default', { policy: samplePolicy(policy), command_id: 'c' }, 1);
  return { clock, context, stores, views, anomalies };
}

describe('a replica’s view of records', () => {
  const price = (worker_cost_per_hour: number) => ({ pool: samplePool({ worker_cost_per_hour }), command_id: 'c' });
  const table: [string, (views: Views) => void, number | undefined][] = [
    ['a newer one counts', (v) => v.wrotePool(pool, price(2), 2), 2],
    ['an older one does not', (v) => [v.wrotePool(pool, price(3), 3), v.wrotePool(pool, price(2), 2)], 3],
    ['the same revision again does not', (v) => v.wrotePool(pool, price(9), 1), 1],
    ['a removal takes it away', (v) => v.wrotePool(pool, undefined, 2), undefined],
    [
      'an old word after a removal does not bring it back',
      (v) => [v.wrotePool(pool, undefined, 3), v.wrotePool(pool, price(2), 2)],
      undefined,
    ],
    ['a new one after a removal does', (v) => [v.wrotePool(pool, undefined, 3), v.wrotePool(pool, price(2), 4)], 2],
  ];
  for (const [says, happens, outcome] of table) {
    it(says, async () => {
      const { views } = await open();
      happens(views);
      expect(views.pool(pool)?.worker_cost_per_hour).to.equal(outcome);
      expect(views.pools()).to.have.length(outcome === undefined ? 0 : 1);
    });
  }
});

describe('a replica’s view of plans', () => {
  const table: [string, ReturnType<typeof record>[], string][] = [
    ['the one that stands', [record(1, { active: a })], 'plan-a stands; found plan-a'],
    ['one that is over', [record(1, { recent: [a] })], 'none stands; found plan-a'],
    [
      'the newest record',
      [record(1, { active: a }), record(2, { active: b, recent: [a] })],
      'plan-b stands; found plan-a, plan-b',
    ],
    ['no older record', [record(2, { active: b }), record(1, { active: a })], 'plan-b stands; found plan-b'],
    [
      'no plan that the record has dropped',
      [record(1, { recent: [a] }), record(2, { active: b })],
      'plan-b stands; found plan-b',
    ],
  ];
  for (const [says, records, outcome] of table) {
    it(`holds ${says}`, async () => {
      const { views } = await open();
      for (const written of records) views.wrotePlans(written);
      const found = ['plan-a', 'plan-b'].filter((id) => views.poolOfPlan(id) === pool);
      expect(`${views.plans(pool)?.value.active?.id ?? 'none'} stands; found ${found.join(', ')}`).to.equal(outcome);
    });
  }
});

describe('a replica’s view of measurements', () => {
  const table: [string, Partial<Policy> | null, Snapshot[], string][] = [
    ['the first', {}, [atSec(0)], 'true; newest 0, 1 counted, 1 learned'],
    ['a newer one', {}, [atSec(0), atSec(15)], 'true, true; newest 15, 2 counted, 2 learned'],
    ['an older one', {}, [atSec(15), atSec(0)], 'true, false; newest 15, 1 counted, 1 learned'],
    ['the same again', {}, [atSec(0), atSec(0)], 'true, true; newest 0, 1 counted, 1 learned'],
    ['one of a pool without a policy', null, [atSec(0)], 'true; newest 0, 0 counted, 1 learned'],
    [
      'one of a pool that nobody knows',
      {},
      [atSec(0, { pool: 'shop/unknown' })],
      'true; newest 0, 0 counted, 0 learned',
    ],
  ];
  for (const [says, policy, snapshots, outcome] of table) {
    it(`takes in ${says}: ${outcome}`, async () => {
      const { views } = await open(policy);
      const taken = snapshots.map((snapshot) => views.observe(snapshot));
      const of = snapshots[0]?.pool as string;
      const newestSec = (Date.parse(views.snapshot(of)?.timestamp ?? '') - startMs) / 1000;
      const { objective, memory } = views.watchOf(of);
      const counted = `${objective.intervals.length} counted, ${memory.service.jobs / 150} learned`;
      expect(`${taken.join(', ')}; newest ${newestSec}, ${counted}`).to.equal(outcome);
    });
  }

  it('lets go of a pool that was removed, and takes in nothing of it until it is there again', async () => {
    const { views } = await open();
    views.observe(atSec(0));
    const before = views.watchOf(pool);
    views.wrotePool(pool, undefined, 2);
    views.observe(atSec(15));
    expect(views.snapshot(pool)).to.equal(undefined);
    expect(views.watchOf(pool), 'not kept').not.to.equal(views.watchOf(pool));
    views.wrotePool(pool, { pool: samplePool(), command_id: 'c' }, 3);
    expect(views.watchOf(pool).objective.intervals, 'nothing of before').to.deep.equal([]);
    expect(views.watchOf(pool)).not.to.equal(before);
    views.observe(atSec(30));
    expect(views.snapshot(pool)?.timestamp).to.equal(timestamp(startMs + 30_000));
    expect(views.watchOf(pool).objective.intervals).to.have.length(1);
  });

  it('counts what an interval cost, as it says itself or by the workers there', async () => {
    const { views } = await open();
    expect(views.costPerHour(atSec(0, { current_workers: 3, starting_workers: 2 }))).to.equal(5);
    expect(views.costPerHour(atSec(0, { cost_per_hour: 1.5 }))).to.equal(1.5);
    expect(views.costPerHour(atSec(0, { pool: 'shop/unknown' }))).to.equal(0);
    views.observe(atSec(0, { interval_s: 60, cost_per_hour: 6 }));
    expect(views.watchOf(pool).memory.spending.month.spent).to.be.closeTo(0.1, 1e-9);
  });

  it('has a breach while the objective is missed, and none after', async () => {
    const { views } = await open();
    views.observe(atSec(0, { response_time_p95: '9s' }));
    expect(views.watchOf(pool).breach?.data).to.include({ observed_p95_s: 9 });
    expect(views.watchOf(pool).breachEndMs).to.equal(startMs);
    views.observe(atSec(15));
    expect(views.watchOf(pool).breach).to.equal(undefined);
  });
});

describe('a replica’s view of what others publish', () => {
  const madeAt = (sec: number) => ({ pool, made_at: timestamp(startMs + 1000 * sec), step_s: 15 });
  const forecast = (sec: number, kind?: 'spike' | 'drop'): Forecast => ({
    ...madeAt(sec),
    mean: [1],
    intervals: [],
    model: 'auto',
    accuracy: { mase: null, wape: null, coverage: null },
    trust: { state: 'learning', reason: '' },
    anomaly: kind ? { kind, score: 9, reason: 'sample' } : null,
  });
  const requirement = (sec: number): Requirement => ({
    ...madeAt(sec),
    workers: [sec],
    offered_load_erlangs: [1],
    quantile: 0.9,
    feasible: true,
    binding: 'latency',
    reason: '',
  });

  for (const [says, forecasts, newest, anomalies] of [
    ['the newer forecast', [forecast(0), forecast(15)], 15, []],
    ['no older forecast', [forecast(15), forecast(0)], 15, []],
    ['an anomaly when it begins', [forecast(0, 'spike'), forecast(15, 'spike')], 15, ['shop/checkout spike']],
    [
      'another anomaly',
      [forecast(0, 'spike'), forecast(15, 'drop')],
      15,
      ['shop/checkout spike', 'shop/checkout drop'],
    ],
    [
      'the same anomaly after its end',
      [forecast(0, 'spike'), forecast(15), forecast(30, 'spike')],
      30,
      ['shop/checkout spike', 'shop/checkout spike'],
    ],
  ] as const) {
    it(`follows ${says}`, async () => {
      const w = await open();
      const subscriptions = await w.clock.waitFor(w.views.start());
      for (const data of forecasts) {
        const cause = data.made_at;
        await w.clock.waitFor(w.context.bus.publish({ type: 'forecast.made', key: pool, data, cause }));
        await w.clock.advance(100);
      }
      expect(w.views.forecast(pool)?.made_at).to.equal(timestamp(startMs + 1000 * newest));
      expect(w.anomalies).to.deep.equal(anomalies);
      await w.clock.waitFor(Promise.all(subscriptions.map((subscription) => subscription.stop())));
    });
  }

  it('follows requirements, measurements and records, the newest of each', async () => {
    const w = await open(null);
    await w.clock.waitFor(w.stores.policies.create('_/default', { policy: samplePolicy(), command_id: 'c' }));
    const subscriptions = await w.clock.waitFor(w.views.start());
    for (const sec of [15, 0]) {
      const data = requirement(sec);
      await w.clock.waitFor(w.context.bus.publish({ type: 'capacity.sized', key: pool, data, cause: data.made_at }));
      const measured = atSec(sec);
      const cause = measured.timestamp;
      await w.clock.waitFor(w.context.bus.publish({ type: 'load.observed', key: pool, data: measured, cause }));
    }
    await w.clock.waitFor(w.stores.plans.create(pool, plansOf({ active: a })));
    await w.clock.advance(1000);
    expect(w.views.requirement(pool)?.workers).to.deep.equal([15]);
    expect(w.views.snapshot(pool)?.timestamp).to.equal(timestamp(startMs + 15_000));
    expect(w.views.plans(pool)?.value.active?.id).to.equal('plan-a');
    expect(w.views.policy('default')?.id).to.equal('default');
    const revision = w.views.plans(pool)?.revision as number;
    await w.clock.waitFor(w.stores.plans.remove(pool, revision));
    w.views.wrotePool(pool, undefined, 2);
    await w.clock.advance(1000);
    expect([w.views.plans(pool), w.views.poolOfPlan('plan-a'), w.views.requirement(pool)]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    await w.clock.waitFor(Promise.all(subscriptions.map((subscription) => subscription.stop())));
  });
});
