import { generateTrace } from '@capplan/traces';
import { expect } from 'chai';
import { backtest } from './backtest.ts';
import { policyFor } from './policy-for-tests.ts';

const service = { kind: 'lognormal', meanSec: 4, scv: 1 } as const;

/** Demand of the kinds that pools see; none of it is known to the planner beyond the days before. */
const traces = [
  generateTrace({ name: 'office hours', seed: 21, days: 4, intervalSec: 300, spike: null }),
  generateTrace({
    name: 'steady',
    seed: 22,
    days: 4,
    intervalSec: 60,
    dailyAmplitude: 0.1,
    weekendFactor: 1,
    spike: null,
  }),
  generateTrace({ name: 'growing', seed: 23, days: 4, intervalSec: 900, growthPerMonth: 3, wander: 0.15, spike: null }),
];

describe('capacity planning accuracy', () => {
  for (const trace of traces) {
    it(`keeps objective, promised cost and latency on demand of the kind '${trace.name}'`, () => {
      const policy = policyFor('20s', { slo: { error_budget: 0.02 }, cost: { violation_cost_per_minute: 4 } });
      const result = backtest({ trace, policy, service, loadWorkers: 15, startupDelaySec: 120, evalDays: 0.75 });
      if (!result.ok) throw new Error(result.detail);
      const { planner, promised } = result.backtest;

      expect(planner.score.windowsWithin, 'objective achieved').to.be.at.least(1 - 0.02);
      const costVariance = Math.abs(planner.score.workerCost - promised.workerCost) / promised.workerCost;
      expect(costVariance, 'cost against the plans').to.be.at.most(0.1);
      expect(planner.score.jobsWithin, 'p95 latency inside the target').to.be.at.least(0.95);
      const p95 = planner.run.minutes.map((minute) => minute.responseSecP95).filter((sec) => !Number.isNaN(sec));
      const typical = p95.sort((a, b) => a - b)[Math.floor(p95.length / 2)];
      expect(typical, 'p95 latency of the typical minute').to.be.below(20);
    });
  }
});
