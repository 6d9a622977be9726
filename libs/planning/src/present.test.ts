import { expect } from 'chai';
import { decide } from './decide.ts';
import { inputOf, snapshotOf } from './input-for-tests.ts';
import { readPresent } from './present.ts';
import type { ServiceEstimate } from './service-estimate.ts';

/** An estimate of so many jobs with this mean and scv 1. */
function estimateOf(jobs: number, meanSec: number): ServiceEstimate {
  const squareSec2 = 2 * meanSec ** 2;
  return { jobs, meanSec, squareSec2, shortJobs: jobs, shortMeanSec: meanSec, shortSquareSec2: squareSec2 };
}

describe('the service time that the present goes by', () => {
  const cases: { title: string; hintSec?: number; service?: ServiceEstimate; snapshotSec: number; expected: number }[] =
    [
      { title: 'one second, where nothing is known', snapshotSec: 0, expected: 1 },
      { title: 'the hint, where nothing was measured', hintSec: 1200, snapshotSec: 0, expected: 1200 },
      { title: 'the measured mean, without a hint', service: estimateOf(5, 320), snapshotSec: 100, expected: 320 },
      { title: 'the interval, without a longer memory', snapshotSec: 100, expected: 100 },
      // (20 × 1200 + 5 × 320) / 25
      {
        title: 'mostly the hint after five jobs',
        hintSec: 1200,
        service: estimateOf(5, 320),
        snapshotSec: 320,
        expected: 1024,
      },
      {
        title: 'the measured mean after many',
        hintSec: 1200,
        service: estimateOf(20_000, 4),
        snapshotSec: 4,
        expected: 5.2,
      },
    ];
  for (const { title, hintSec, service, snapshotSec, expected } of cases) {
    it(`is ${title}`, () => {
      const snapshot = snapshotOf({ service_time_mean_s: snapshotSec, service_time_scv: 1 });
      const { service: _none, ...input } = inputOf({ snapshot });
      const pool = { ...input.pool, ...(hintSec !== undefined && { serviceTimeHintSec: hintSec }) };
      const present = readPresent(snapshot, { ...input, pool, ...(service && { service }) });
      expect(present.serviceMeanSec).to.be.closeTo(expected, 0.01);
    });
  }

  for (const [meanSec, scv] of [
    [1e15, 1e15],
    [1e-300, 0],
    [1e9, 1e4],
  ] as const) {
    it(`stays within what a decision can bear: a mean of ${meanSec} s, scv ${scv}`, () => {
      const snapshot = snapshotOf({ service_time_mean_s: meanSec, service_time_scv: scv });
      const { service: _none, ...input } = inputOf({ snapshot });
      for (const hintSec of [undefined, 1e-6, 604_800]) {
        const pool = { ...input.pool, ...(hintSec !== undefined && { serviceTimeHintSec: hintSec }) };
        const { targetWorkers, violationProbability } = decide({ ...input, pool });
        expect(targetWorkers).to.be.within(0, 1_000_000);
        expect(violationProbability).to.be.within(0, 1);
      }
    });
  }
});
