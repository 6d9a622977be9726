import { timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { decide } from './decide.ts';
import { changeAgo, forecastOf, inputOf, nowMs, policyOf, snapshotOf } from './input-for-tests.ts';

/** Far too many workers: everything pleads for fewer. */
const oversized = { snapshot: snapshotOf({ current_workers: 90 }) };
/** Far too few: everything pleads for more. */
const undersized = { forecast: forecastOf(16), snapshot: snapshotOf({ backlog: 100, busy_slots: 46 }) };

describe('safety rules', () => {
  it('let an oversized pool shrink and an undersized one grow when nothing speaks against it', () => {
    expect(decide(inputOf(oversized)).targetWorkers).to.be.within(41, 60);
    expect(decide(inputOf(undersized)).targetWorkers).to.be.above(60);
  });

  it('hold scale-in, never scale-up, while data are stale', () => {
    const old = timestamp(nowMs - 600_000);
    const shrinking = decide(inputOf({ snapshot: { ...oversized.snapshot, timestamp: old } }));
    expect(shrinking).to.include({ targetWorkers: 90, hold: 'data_stale' });
    const growing = decide(inputOf({ ...undersized, snapshot: { ...undersized.snapshot, timestamp: old } }));
    expect(growing.targetWorkers).to.be.above(60);
  });

  it('hold scale-in while a source is not trusted or contradicts itself', () => {
    const suspects = [{ source: 'heartbeats', reason: 'sources_disagree' as const, detail: '' }];
    const untrusted = snapshotOf({ current_workers: 90, quality: { trusted: false, suspects } });
    const decision = decide(inputOf({ snapshot: untrusted }));
    expect(decision).to.include({ targetWorkers: 90, hold: 'data_suspect' });
    expect(decision.rationale).to.contain('heartbeats: sources_disagree');
    const zero = snapshotOf({ current_workers: 90, arrival_rate: 0, completion_rate: 0, busy_slots: 0, backlog: 5 });
    expect(decide(inputOf({ snapshot: zero, forecast: forecastOf(0) }))).to.include({
      targetWorkers: 90,
      hold: 'data_suspect',
    });
  });

  it('order nothing while it is not known how many workers run, up or down', () => {
    const quality = { trusted: false, suspects: [], unknown: ['current_workers' as const] };
    for (const backlog of [0, 900]) {
      const snapshot = snapshotOf({ current_workers: 0, busy_slots: 0, backlog, quality });
      const decision = decide(inputOf({ ...undersized, snapshot }));
      expect(decision).to.include({ targetWorkers: 0, hold: 'no_data' });
      expect(decision.rationale).to.contain('how many workers run is not known');
    }
    const known = snapshotOf({
      current_workers: 0,
      busy_slots: 0,
      backlog: 900,
      quality: { trusted: true, suspects: [] },
    });
    expect(decide(inputOf({ ...undersized, snapshot: known })).targetWorkers).to.be.above(0);
  });

  it('do nothing but keep the minimum when there has never been a measurement', () => {
    const { forecast: _, snapshot: __, ...rest } = inputOf();
    const history = { changes: [changeAgo(3000, 5, 12)] };
    expect(decide({ ...rest, snapshot: undefined, history })).to.include({ targetWorkers: 12, hold: 'no_data' });
    const policy = policyOf({ scaling: { min_workers: 20 } });
    expect(decide({ ...rest, snapshot: undefined, history, policy }).targetWorkers).to.equal(20);
  });

  it('hold scale-in, never scale-up, while measured demand is doubtful, and follow a spike and a level shift', () => {
    const anomaly = { kind: 'drop' as const, score: 9, reason: 'demand fell by 80 % at once' };
    const shrinking = decide(inputOf({ ...oversized, forecast: forecastOf(10, 0.08, { anomaly }) }));
    expect(shrinking).to.include({ targetWorkers: 90, hold: 'anomaly' });
    for (const kind of ['drop', 'flat_line', 'spike', 'level_shift'] as const) {
      const growing = inputOf({ ...undersized, forecast: forecastOf(16, 0.08, { anomaly: { ...anomaly, kind } }) });
      expect(decide(growing).targetWorkers).to.be.above(60);
    }
    for (const kind of ['spike', 'level_shift'] as const) {
      const over = inputOf({ ...oversized, forecast: forecastOf(10, 0.08, { anomaly: { ...anomaly, kind } }) });
      expect(decide(over).targetWorkers).to.be.below(60);
    }
  });

  it('wait for the minute, but not with a likely miss of a short target', () => {
    const at = (sec: number) => ({ timestamp: timestamp(nowMs + 1000 * sec), interval_s: 15 });
    const decided = (state: typeof oversized, sec: number, policy = policyOf()) =>
      decide(inputOf({ ...state, policy, nowMs: nowMs + 1000 * sec, snapshot: { ...state.snapshot, ...at(sec) } }));
    expect(decided(oversized, 60).targetWorkers).to.be.below(60);
    expect(decided(oversized, 75)).to.include({ targetWorkers: 90, hold: 'between_minutes' });
    expect(decided(undersized, 75).targetWorkers).to.be.above(60);
    const patient = policyOf({ slo: { p95_latency: '240s' } });
    const behind = { ...undersized, snapshot: { ...undersized.snapshot, backlog: 9000 } };
    expect(decided(behind, 60, patient).targetWorkers).to.be.above(60);
    expect(decided(behind, 75, patient)).to.include({ targetWorkers: 46, hold: 'between_minutes' });
  });

  it('keep to what is measured until the forecast has earned trust', () => {
    const decided = (state: 'learning' | 'trusted', workers: number, foreseen: number) =>
      decide(
        inputOf({
          forecast: forecastOf(foreseen, 0.02, { trust: { state, reason: '' } }),
          snapshot: snapshotOf({ current_workers: workers, busy_slots: Math.min(40, workers) }),
        }),
      );
    // 10/s of 4 s are 40 erlangs, for which M/G/c asks 43 workers: 39 are always there, and up to 71 for a
    // jump that an objective of 20 s has no time to wait for.
    const cases = [
      { state: 'learning', workers: 30, foreseen: 5, is: 39 },
      { state: 'learning', workers: 46, foreseen: 30, is: 71 },
      { state: 'trusted', workers: 46, foreseen: 30, is: 142 },
      { state: 'learning', workers: 66, foreseen: 30, is: 71 },
      { state: 'learning', workers: 90, foreseen: 30, is: 71 },
      { state: 'learning', workers: 90, foreseen: 10, is: 43 },
    ] as const;
    for (const { state, workers, foreseen, is } of cases) {
      const decision = decided(state, workers, foreseen);
      expect(decision.targetWorkers, `${state}, ${workers} workers, ${foreseen}/s foreseen`).to.equal(is);
    }
    const { explanation } = decided('learning', 30, 5);
    expect(explanation.find(({ rule }) => rule === 'measured_need')).to.deep.include({ after: 39 });
  });

  it('defer a change until its cooldown is over', () => {
    const policy = policyOf({ scaling: { scale_up_cooldown: '5m', scale_down_cooldown: '5m' } });
    const calm = { ...undersized, snapshot: { ...undersized.snapshot, backlog: 0 } };
    for (const { state, from, before, held } of [
      { state: oversized, from: 90, before: 91, held: true },
      { state: oversized, from: 90, before: 60, held: true },
      { state: undersized, from: 46, before: 45, held: true },
      { state: calm, from: 46, before: 47, held: true },
      // Jobs wait and a miss is likely: what went too early comes back.
      { state: undersized, from: 46, before: 47, held: false },
    ]) {
      const after = (sec: number) =>
        inputOf({ ...state, policy, history: { changes: [changeAgo(sec, before, from)] } });
      const soon = decide(after(240));
      expect(soon.targetWorkers === from, `${before} to ${from}`).to.equal(held);
      if (before !== 60) expect(decide(after(700)).targetWorkers).not.to.equal(from);
    }
  });

  it('hold scale-in for eleven minutes after a rise while the pool is busier than the band', () => {
    const busy = snapshotOf({ current_workers: 60 });
    const held = decide(inputOf({ snapshot: busy, history: { changes: [changeAgo(655, 50, 60)] } }));
    expect(held.targetWorkers).to.equal(60);
    const idle = decide(inputOf({ ...oversized, history: { changes: [changeAgo(655, 80, 90)] } }));
    expect(idle.targetWorkers).to.be.below(60);
  });

  it('keep a step within its limit, on a plain policy within a doubling', () => {
    const limited = decide(inputOf({ ...undersized, policy: policyOf({ scaling: { max_step: 3 } }) }));
    expect(limited.targetWorkers).to.equal(49);
    const down = decide(inputOf({ ...oversized, policy: policyOf({ scaling: { max_step: 3 } }) }));
    expect(down.targetWorkers).to.equal(87);
    const tiny = inputOf({
      snapshot: snapshotOf({ current_workers: 2, busy_slots: 2, arrival_rate: 0.5 }),
      forecast: forecastOf(60, 0.08, { trust: { state: 'demoted', reason: '' } }),
    });
    expect(decide(tiny).targetWorkers).to.equal(17);
    // What a trusted forecast sees coming is ordered in time: 60/s of 4 s with two deviations, and no more.
    expect(decide({ ...tiny, forecast: forecastOf(60) }).targetWorkers).to.equal(271);
  });

  it('keep hard budgets and only report soft ones', () => {
    const hard = policyOf({ cost: { violation_cost_per_minute: 3, hourly_budget: 50, budget_kind: 'hard' } });
    expect(decide(inputOf({ ...undersized, policy: hard }))).to.include({ targetWorkers: 50, hold: 'budget' });
    const soft = policyOf({ cost: { violation_cost_per_minute: 3, hourly_budget: 50, budget_kind: 'soft' } });
    const decision = decide(inputOf({ ...undersized, policy: soft }));
    expect(decision.targetWorkers).to.be.above(60);
    expect(decision.rationale).to.contain('soft budget');
  });

  it('spread what is left of an hour and of a month over the time that is left', () => {
    const policy = policyOf({
      cost: { violation_cost_per_minute: 3, hourly_budget: 50, monthly_budget: 9000, budget_kind: 'hard' },
    });
    const half = nowMs + 1_800_000;
    const at = (history: { spentThisHour?: number; spentThisMonth?: number }) =>
      decide(inputOf({ ...undersized, policy, nowMs: half, dataAgeSec: 0, history: { changes: [], ...history } }))
        .targetWorkers;
    expect(at({ spentThisHour: 22 })).to.equal(50);
    expect(at({ spentThisHour: 30 })).to.equal(40);
    expect(at({ spentThisHour: 22, spentThisMonth: 7800 })).to.equal(50);
    expect(at({ spentThisHour: 60 })).to.equal(1);
  });

  it('change nothing while a freeze window is open, the policy is off or the tags disagree', () => {
    const freeze = { name: 'sale', cron: '0 9 * * *', duration: '2h', freeze: true };
    const frozen = decide(inputOf({ ...undersized, policy: policyOf({ scaling: { schedules: [freeze] } }) }));
    expect(frozen).to.include({ targetWorkers: 46, hold: 'frozen' });
    expect(frozen.rationale).to.contain('sale');
    expect(decide(inputOf({ ...undersized, policy: policyOf({ enabled: false }) }))).to.include({
      targetWorkers: 46,
      hold: 'policy_disabled',
    });
    expect(decide(inputOf({ ...undersized, policy: policyOf({ tags: ['pci'] }) }))).to.include({
      targetWorkers: 46,
      hold: 'tags_disagree',
    });
    const both = inputOf({ ...undersized, policy: policyOf({ tags: ['pci'] }) });
    expect(decide({ ...both, pool: { ...both.pool, tags: ['pci'] } }).targetWorkers).to.be.above(60);
  });

  it('hold scale-in that is not confident enough', () => {
    const policy = policyOf({ scaling: { confidence_threshold: 1 }, cost: { violation_cost_per_minute: 0.1 } });
    const decision = decide(inputOf({ ...oversized, policy, forecast: forecastOf(10, 0.3) }));
    expect(decision).to.include({ targetWorkers: 90, hold: 'low_confidence' });
  });
});
