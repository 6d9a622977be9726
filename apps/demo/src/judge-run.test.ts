import { expect } from 'chai';
import { demoPool } from './demo-pool.ts';
import { createJobLedger, decidedMinutes } from './job-ledger.ts';
import { judgeRun } from './judge-run.ts';

const startedMs = Date.UTC(2026, 0, 5, 6);
const demo = demoPool({ speed: 144, loadWorkers: 8, nowMs: startedMs });
const hourly = demo.pool.worker_cost_per_hour;
const perMinute = demo.policy.cost.violation_cost_per_minute ?? 0;

describe('judgeRun', () => {
  /** [what, minutes as [jobs, in time], attainment, minutes missed, late jobs] */
  const table: [string, [number, number][], number | null, number, number][] = [
    ['no minute at all', [], null, 0, 0],
    [
      'minutes without jobs, which are kept',
      [
        [0, 0],
        [0, 0],
      ],
      null,
      0,
      0,
    ],
    [
      'everything in time',
      [
        [20, 20],
        [1, 1],
      ],
      1,
      0,
      0,
    ],
    ['5 % of a minute late, which is kept', [[20, 19]], 0.95, 0, 1],
    ['more than 5 % of a minute late', [[20, 18]], 0.9, 1, 2],
    [
      'one of few late',
      [
        [3, 2],
        [97, 97],
      ],
      0.99,
      1,
      1,
    ],
    [
      'nothing ever finished',
      [
        [10, 0],
        [10, 0],
      ],
      0,
      2,
      20,
    ],
  ];
  for (const [what, rows, attainment, minutesMissed, jobsLate] of table) {
    it(`judges ${what}`, () => {
      const minutes = rows.map(([arrivals, withinTarget]) => ({ arrivals, withinTarget }));
      const verdict = judgeRun({ minutes, workerSec: 7200 }, demo);
      expect(verdict).to.deep.include({ attainment, minutesMissed, jobsLate, minutes: rows.length, workerHours: 2 });
      expect(verdict.cost).to.be.closeTo(2 * hourly + minutesMissed * perMinute, 1e-9);
    });
  }
});

describe('createJobLedger', () => {
  const targetSec = 150;
  const atSec = (sec: number) => startedMs + sec * 1000;
  /** [what, latency_of, put in, begun, finished (seconds; null: never), looked at, in time of the first minute, unfinished, of them late] */
  const table: [string, 'response' | 'wait', number, number, number | null, number, number | null, number, number][] = [
    ['answered just in time', 'response', 10, 20, 160, 300, 1, 0, 0],
    ['answered late', 'response', 10, 20, 161, 300, 0, 0, 0],
    ['begun in time, where the wait counts', 'wait', 10, 160, 400, 500, 1, 0, 0],
    ['begun late, where the wait counts', 'wait', 10, 161, 162, 300, 0, 0, 0],
    ['never finished', 'response', 10, 0, null, 300, 0, 1, 1],
    ['not finished, and too young to judge', 'response', 10, 0, null, 160, null, 1, 0],
    ['finished in time after the last look', 'response', 100, 110, 120, 110, null, 0, 0],
    ['not yet put in', 'response', 200, 0, null, 100, null, 0, 0],
    ['finished before it was put in, by another clock', 'response', 10, 9, 9, 300, 1, 0, 0],
  ];
  for (const [what, latencyOf, put, begun, finished, look, inTime, unfinished, unfinishedLate] of table) {
    it(`books a job that was ${what}`, () => {
      const ledger = createJobLedger({ startedMs, targetSec, latencyOf });
      ledger.submitted({ number: 7, enqueuedMs: atSec(put) });
      const job = finished === null ? undefined : { number: 7, startedMs: atSec(begun), finishedMs: atSec(finished) };
      // A repeat changes nothing, nor does a job of an earlier run.
      for (const one of job ? [job, job, { ...job, number: 3 }] : []) ledger.finished(one);
      const standing = ledger.standing(atSec(look));
      expect(standing).to.deep.include({ unfinished, unfinishedLate });
      if (inTime === null) expect(standing.minutes).to.deep.equal([]);
      else expect(standing.minutes[0]).to.deep.equal({ arrivals: 1, withinTarget: inTime });
    });
  }

  it('counts jobs that are not finished with their age when it says how long answers took', () => {
    const ledger = createJobLedger({ startedMs, targetSec, latencyOf: 'response' });
    for (let number = 0; number < 20; number++) {
      ledger.submitted({ number, enqueuedMs: startedMs });
      if (number < 10) ledger.finished({ number, startedMs, finishedMs: atSec(30) });
    }
    expect(ledger.standing(atSec(1000)).responseSecP95).to.be.closeTo(1000, 30);
  });

  it('judges a minute when all of its jobs are decided', () => {
    const minutesAt = (sec: number) => decidedMinutes({ startedMs, targetSec, nowMs: atSec(sec) });
    expect([0, 209, 210, 269, 270].map(minutesAt)).to.deep.equal([0, 0, 1, 1, 2]);
  });
});
