import { generateTrace } from '@capplan/traces';
import { expect } from 'chai';
import { type Backtest, type BacktestOptions, backtest, rivals } from './backtest.ts';
import { policyFor } from './policy-for-tests.ts';

const trace = generateTrace({ seed: 11, days: 2.25, intervalSec: 300, spike: null });
const usual: BacktestOptions = {
  trace,
  policy: policyFor('20s'),
  service: { kind: 'lognormal', meanSec: 4, scv: 1 },
  loadWorkers: 8,
  evalDays: 0.25,
};

function run(change: Partial<BacktestOptions> = {}): Backtest {
  const result = backtest({ ...usual, ...change });
  if (!result.ok) throw new Error(result.detail);
  return result.backtest;
}

describe('backtest', () => {
  let full: Backtest;
  before(() => {
    full = run({ against: rivals });
  });

  it('puts every controller before the same jobs, scaled to the load asked for', () => {
    const result = full;
    const jobs = [result.planner, ...Object.values(result.rivals)].map(({ score }) => score.jobs);
    expect(new Set(jobs)).to.have.length(1);
    expect(jobs[0]).to.be.closeTo((8 / 4) * 21_600, 2);
    expect(result.days).to.equal(0.25);
    expect(result.historyDays).to.equal(2);
  });

  it('ranks controllers as they must rank: foresight costs least, a fixed utilisation most', () => {
    const { planner, rivals: others } = full;
    const hours = (row: typeof others.hpa): number => row?.score.workerHours ?? Number.NaN;
    expect(hours(others.oracle)).to.be.below(hours(planner));
    expect(hours(planner)).to.be.below(hours(others.hpa));
    expect(hours(others.oracle)).to.be.below(hours(others.static));
    expect(others.static?.score.windowsWithin).to.be.greaterThan(0.97);
    expect(planner.score.windowsWithin).to.be.greaterThan(0.96);
  });

  it('accounts for every job and every worker-second', () => {
    const { planner } = full;
    const { minutes, changes, workerSec } = planner.run;
    const sum = (value: (minute: (typeof minutes)[number]) => number): number =>
      minutes.reduce((total, m) => total + value(m), 0);
    expect(minutes).to.have.length(360);
    expect(sum((m) => m.arrivals)).to.equal(planner.score.jobs);
    expect(sum((m) => m.arrivedWithinTarget)).to.equal(planner.run.withinTarget);
    // Ordered workers alone, without those that still drain, are a lower bound of what is paid.
    let ordered = 0;
    for (const [i, change] of changes.entries()) {
      ordered += change.from * (change.atSec - (changes[i - 1]?.atSec ?? 0));
    }
    ordered += (changes.at(-1)?.to ?? planner.run.initialWorkers) * (21_600 - (changes.at(-1)?.atSec ?? 0));
    expect(workerSec).to.be.within(ordered, ordered * 1.05);
  });

  it('learns nothing from after the moment of decision', () => {
    const later = { ...trace, ratesPerSec: trace.ratesPerSec.map((rate, i) => (i < 2.125 * 288 ? rate : rate * 3)) };
    // Scaling would look at the whole stretch, so the trace is taken as it is.
    const { loadWorkers: _, ...unscaled } = usual;
    const changesOf = (of: typeof trace) => {
      const result = backtest({ ...unscaled, trace: of });
      return result.ok ? result.backtest.planner.run.changes.filter(({ atSec }) => atSec < 10_700) : [];
    };
    expect(changesOf(trace).length).to.be.greaterThan(2);
    expect(changesOf(later)).to.deep.equal(changesOf(trace));
  });

  it('repeats itself for the same seed and not for another', () => {
    const hours = (seed: number) => run({ seed }).planner.score.workerHours;
    expect(hours(1)).to.equal(hours(1));
    expect(hours(1)).to.not.equal(hours(2));
  });

  it('lets nobody have more workers than the peak needs, when asked to', () => {
    const result = run({ against: ['keda'], peakCap: 1 });
    const peak = result.workersNeeded.reduce((most, workers) => Math.max(most, workers), 0);
    const ordered = [result.planner, result.rivals.keda].flatMap((row) => row?.run.changes.map(({ to }) => to) ?? []);
    expect(ordered.length).to.be.greaterThan(0);
    expect(Math.max(...ordered)).to.be.at.most(peak);
  });

  it('says that a trace is too short, and how much is needed', () => {
    const result = backtest({ ...usual, evalDays: 7 });
    expect(result).to.include({ ok: false, reason: 'too_short' });
    expect(result.ok ? '' : result.detail)
      .to.contain('2.25 days')
      .and.to.contain('7.00 days');
  });

  it('says that nothing arrives, or that service alone breaks the target', () => {
    const silent = { ...trace, ratesPerSec: trace.ratesPerSec.map(() => 0) };
    expect(backtest({ ...usual, trace: silent })).to.include({ ok: false, reason: 'no_demand' });
    const hopeless = backtest({ ...usual, policy: policyFor('5s') });
    expect(hopeless).to.include({ ok: false, reason: 'unreachable_objective' });
  });
});
