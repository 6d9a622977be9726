import { expect } from 'chai';
import type { ControllerRun } from './run-controller.ts';
import { countReversals, scoreRun } from './run-score.ts';

const minute = (arrivals: number, arrivedWithinTarget: number) => ({
  arrivals,
  completions: arrivals,
  arrivedWithinTarget,
  responseSecP95: 1,
  waiting: 0,
  workersPaid: 2,
  workersReady: 2,
});
const runOf = (change: Partial<ControllerRun>): ControllerRun => ({
  name: 'test',
  initialWorkers: 2,
  minutes: [],
  changes: [],
  workerSec: 0,
  jobs: 0,
  withinTarget: 0,
  waitingMax: 0,
  ...change,
});
const prices = { workerCostPerHour: 2, violationCostPerMinute: 5 };

describe('scoreRun', () => {
  it('keeps a window in which 95 % of the jobs met the target, and one without jobs', () => {
    const minutes = [minute(100, 95), minute(100, 94), minute(0, 0), minute(1, 0)];
    const score = scoreRun(runOf({ minutes }), prices);
    expect(score.windowsWithin).to.equal(0.5);
    expect(score.windowsMissed).to.equal(2);
    expect(score.violationCost).to.equal(10);
  });

  it('adds the price of workers to the price of missed windows', () => {
    const score = scoreRun(runOf({ minutes: [minute(10, 0)], workerSec: 7200 }), prices);
    expect(score.workerHours).to.equal(2);
    expect(score.totalCost).to.equal(2 * 2 + 5);
  });
});

describe('countReversals', () => {
  const change = (atSec: number, from: number, to: number) => ({ atSec, from, to });

  it('counts a change that takes the one before back within ten minutes', () => {
    expect(countReversals([change(0, 5, 8), change(600, 8, 6)])).to.equal(1);
    expect(countReversals([change(0, 5, 8), change(660, 8, 6)])).to.equal(0);
    expect(countReversals([change(0, 5, 8), change(60, 8, 9)])).to.equal(0);
  });
});
