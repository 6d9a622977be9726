import { expect } from 'chai';
import { decide } from './decide.ts';
import { affordableWorkers, executableTarget } from './executable-target.ts';
import { forecastOf, inputOf, nowMs, policyOf, snapshotOf } from './input-for-tests.ts';

const caps = { workersMax: 100, stepMax: 30, changeShareMax: 2, changeShareFrom: 5, costPerHourMax: 0 };
const hard = (hourly_budget: number) => ({ cost: { budget_kind: 'hard', hourly_budget } as const });

describe('executableTarget', () => {
  for (const [says, from, to, policy, changed, outcome] of [
    ['within everything', 10, 20, {}, {}, 20],
    ['nothing to do', 10, 10, {}, {}, 10],
    ['above the maximum of the moment', 45, 70, {}, {}, 50],
    ['above the most that the executor sets', 90, 120, { scaling: { max_workers: 500 } }, {}, 90 + 10],
    ['up from above that', 110, 120, { scaling: { max_workers: 500 } }, {}, 110],
    ['down from above that', 120, 110, { scaling: { max_workers: 500 } }, {}, 110],
    ['a larger step than the executor takes', 10, 45, {}, {}, 30],
    ['a larger one down', 45, 10, {}, {}, 15],
    ['a larger share than it takes', 4, 20, {}, {}, 12],
    ['a larger share, of a few', 1, 9, {}, {}, 6],
    ['from nothing', 0, 9, {}, {}, 5],
    ['dearer than the executor takes', 10, 20, {}, { costPerHourMax: 14.5 }, 14],
    ['dearer than the hard budget an hour', 10, 20, hard(12), {}, 12],
    ['dearer than it, up to the minimum', 2, 20, { ...hard(2), scaling: { min_workers: 4 } }, {}, 4],
    ['dearer than the soft budget', 10, 20, { cost: { hourly_budget: 12 } }, {}, 20],
    ['more than a step of the policy', 10, 20, { scaling: { max_step: 4 } }, {}, 14],
    ['more than a step, from outside its limits', 60, 50, { scaling: { max_step: 4 } }, {}, 50],
    ['below the minimum', 10, 1, { scaling: { min_workers: 3 } }, {}, 3],
    ['to nothing, where that is not allowed', 5, 0, { scaling: { min_workers: 1 } }, {}, 1],
    ['to nothing', 5, 0, { scaling: { min_workers: 1, scale_to_zero: true } }, {}, 0],
  ] as const) {
    it(`${says}, ${from} → ${to}: ${outcome}`, () => {
      const { scaling, ...rest } = { scaling: {}, ...policy };
      const limits = { minWorkers: 1, maxWorkers: 50, ...('max_workers' in scaling && { maxWorkers: 500 }) };
      if ('min_workers' in scaling) limits.minWorkers = scaling.min_workers;
      const within = {
        policy: policyOf({ scaling, ...rest }),
        limits,
        workerCostPerHour: 1,
        caps: { ...caps, ...changed },
      };
      expect(executableTarget(from, to, within)).to.equal(outcome);
    });
  }

  it('goes without caps by the policy alone', () => {
    const within = { policy: policyOf(), limits: { minWorkers: 1, maxWorkers: 1000 }, workerCostPerHour: 1 };
    expect(executableTarget(10, 900, within)).to.equal(900);
  });
});

describe('affordableWorkers', () => {
  it('is not off by one where money is no binary fraction', () => {
    expect(affordableWorkers(0.3, 0.1)).to.equal(3);
    expect(affordableWorkers(0.299, 0.1)).to.equal(2);
    expect(affordableWorkers(5, 0)).to.equal(Number.POSITIVE_INFINITY);
  });
});

describe('a decision that the executor would not take in full', () => {
  const surge = { snapshot: snapshotOf({ arrival_rate: 30, backlog: 300 }), forecast: forecastOf(40) };

  it('is cut to what it takes, and says so', () => {
    const decision = decide(inputOf({ ...surge, caps: { ...caps, stepMax: 20 } }));
    expect(decision).to.include({ targetWorkers: 66, hold: 'executor_cap' });
    expect(decision.rationale).to.contain('Held by executor cap: the executor takes no more than 66 workers');
  });

  it('is out of reach where even that is not enough', () => {
    const at = { ...surge, snapshot: snapshotOf({ arrival_rate: 30, backlog: 300, current_workers: 50, slots: 50 }) };
    const decision = decide(inputOf({ ...at, caps: { ...caps, workersMax: 50 } }));
    expect(decision).to.include({ targetWorkers: 50, hold: 'executor_cap', sloAchievable: false });
  });

  it('never spends more an hour than the hard budget, however little of it is spent', () => {
    const halfPast = nowMs + 1_800_000;
    const snapshot = snapshotOf({ ...surge.snapshot, timestamp: new Date(halfPast).toISOString() });
    const history = { changes: [], spentThisHour: 0 };
    const { cost } = hard(60);
    const decision = decide(inputOf({ ...surge, snapshot, nowMs: halfPast, history, policy: policyOf({ cost }) }));
    expect(decision).to.include({ targetWorkers: 60, hold: 'budget' });
  });

  it('comes down in steps when money is short inside the limits', () => {
    const history = { changes: [], spentThisHour: 59 };
    const policy = policyOf({ ...hard(60), scaling: { max_step: 4 } });
    const decision = decide(inputOf({ nowMs: nowMs + 1_800_000, dataAgeSec: 1, history, policy }));
    expect(decision).to.include({ targetWorkers: 42, hold: 'budget' });
  });
});
