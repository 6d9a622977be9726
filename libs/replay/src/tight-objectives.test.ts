import { generateTrace } from '@capplan/traces';
import { expect } from 'chai';
import { backtest } from './backtest.ts';
import { policyFor } from './policy-for-tests.ts';

/* Objectives that the waits inside a minute decide, and jobs that outlast the look ahead. */

describe('a wait of half a second in front of jobs of a second', () => {
  const trace = generateTrace({ seed: 3, days: 9, intervalSec: 300, spike: null });
  const result = backtest({
    trace,
    policy: policyFor('500ms', { slo: { latency_of: 'wait' }, cost: { violation_cost_per_minute: 1 } }),
    service: { kind: 'lognormal', meanSec: 1, scv: 4 },
    startupDelaySec: 60,
    loadWorkers: 8,
    evalDays: 1,
    against: ['hpa', 'keda', 'keda-0.7'],
  });
  if (!result.ok) throw new Error(result.detail);
  const { planner, rivals, promised } = result.backtest;

  it('is kept in nearly every minute, and promised as it comes', () => {
    expect(planner.score.windowsWithin).to.be.above(0.975);
    const [came, foreseen] = [1 - planner.score.windowsWithin, 1 - promised.windowsWithin];
    expect(foreseen, `${foreseen} promised, ${came} came`).to.be.within(came / 2 - 0.003, came * 2 + 0.003);
  });

  it('costs less than any reactive rule that keeps as many minutes', () => {
    for (const { score } of Object.values(rivals)) {
      if (score.windowsWithin < planner.score.windowsWithin) continue;
      expect(planner.score.workerHours, score.name).to.be.below(score.workerHours);
    }
    expect(planner.score.workerHours).to.be.below(rivals['keda-0.7']?.score.workerHours ?? 0);
  });
});

describe('a wait of ten minutes in front of jobs of twenty', () => {
  const trace = generateTrace({ seed: 4, days: 9, intervalSec: 300, spike: null });
  const result = backtest({
    trace,
    policy: policyFor('10m', { slo: { latency_of: 'wait' }, cost: { violation_cost_per_minute: 1.5 } }),
    service: { kind: 'lognormal', meanSec: 1200, scv: 1 },
    startupDelaySec: 300,
    loadWorkers: 12,
    windowMinutes: 30,
    evalDays: 1,
    against: ['hpa', 'keda', 'keda-0.7'],
  });
  if (!result.ok) throw new Error(result.detail);
  const { planner, rivals } = result.backtest;

  it('needs hardly more workers than there are jobs, since one that is ordered now still comes in time', () => {
    expect(planner.score.jobsWithin).to.be.above(0.98);
    expect(planner.score.workerHours).to.be.below(1.1 * (rivals.keda?.score.workerHours ?? 0));
    for (const { score } of Object.values(rivals)) {
      if (score.windowsWithin < planner.score.windowsWithin) continue;
      expect(planner.score.workerHours, score.name).to.be.below(score.workerHours);
    }
  });
});
