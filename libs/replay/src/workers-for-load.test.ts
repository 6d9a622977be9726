import { solveMgc } from '@capplan/queueing';
import { expect } from 'chai';
import { createWorkersForLoad } from './workers-for-load.ts';

const service = { kind: 'lognormal', meanSec: 4, scv: 1 } as const;
const objective = { service, concurrency: 1, targetSec: 20, latencyOf: 'response', missedShare: 0.025 } as const;

describe('createWorkersForLoad', () => {
  it('finds the fewest workers that keep the share of missed jobs', () => {
    const workersFor = createWorkersForLoad(objective);
    for (const load of [0.5, 3.3, 17, 40]) {
      const workers = workersFor?.(load) as number;
      const missed = (servers: number): number => {
        const solved = solveMgc({ arrivalRatePerSec: load / 4, service, servers });
        return solved.ok ? solved.queue.responseExceedance(20) : 1;
      };
      expect(missed(workers)).to.be.at.most(0.025);
      expect(missed(workers - 1)).to.be.greaterThan(0.0245);
    }
  });

  it('needs nobody for no load, and never fewer for more', () => {
    const workersFor = createWorkersForLoad(objective) as (load: number) => number;
    expect(workersFor(0)).to.equal(0);
    let before = 0;
    for (let load = 0; load < 60; load += 0.7) {
      expect(workersFor(load)).to.be.at.least(before);
      before = workersFor(load);
    }
  });

  it('says when service alone misses the target too often', () => {
    expect(createWorkersForLoad({ ...objective, targetSec: 5 })).to.equal(undefined);
    expect(createWorkersForLoad({ ...objective, targetSec: 5, latencyOf: 'wait' })).to.be.a('function');
  });
});
