import { waitProbability } from '@capplan/queueing';
import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { type FluidPaths, type FluidPool, runPaths } from './fluid-queue.ts';
import { missAt, missCurve } from './late-share.ts';
import { steadyTable } from './steady-table.ts';

const miss = missCurve({
  service: { kind: 'exponential', meanSec: 4 },
  latencySec: 20,
  latencyOf: 'response',
  jobsPerWindow: 600,
});

function pathsOf(rate: number, steps: number, noisy: boolean, paths = 200): FluidPaths {
  const random = createRandomStream('fluid');
  const stepSec = 30;
  // Counts of half a minute vary by their square root; noise of service comes on top.
  const draw = (): number => (noisy ? Math.max(0, rate + Math.sqrt(rate / stepSec) * random.normal()) : rate);
  return {
    paths,
    steps,
    stepSec,
    ratesPerSec: Float64Array.from({ length: paths * steps }, draw),
    noise: Float64Array.from({ length: paths * steps }, () => (noisy ? random.normal() : 0)),
  };
}

const poolOf = (jobs: number): FluidPool => ({
  jobs,
  serviceMeanSec: 4,
  serviceScv: 1,
  miss,
  steady: steadyTable(
    { serviceMeanSec: 4, serviceScv: 1, latencySec: 20, latencyOf: 'response' },
    { stepSec: 30, allowedWaitSec: 10 },
  ),
  maxBacklog: undefined,
  drainServers: 10,
  laterOrderSec: 0,
});
const servers = (count: number, steps: number): Float64Array => new Float64Array(steps).fill(count);

describe('runPaths', () => {
  it('works a backlog off at the spare rate', () => {
    // 50 servers finish 12.5 a second, 10 arrive: 2.5 a second are worked off, 300 in two minutes.
    const outcome = runPaths(poolOf(50 + 500), pathsOf(10, 4, false), servers(50, 4), 0);
    expect(outcome.backlogEnd).to.be.closeTo(200, 1e-6);
  });

  it('lets the surplus wait when demand exceeds the servers', () => {
    const outcome = runPaths(poolOf(40), pathsOf(15, 4, false), servers(40, 4), 0);
    expect(outcome.backlogEnd).to.be.closeTo(120 * 5, 1e-6);
    expect(outcome.missedMinutes).to.be.within(1, 2);
  });

  it('has no misses and no backlog with servers to spare', () => {
    const outcome = runPaths(poolOf(40), pathsOf(10, 4, true), servers(80, 4), 0);
    expect(outcome.missedMinutes).to.be.below(0.01);
    expect(outcome.backlogEnd).to.equal(0);
  });

  it('lets some jobs wait near saturation, of the order of the exact queue and on the low side', () => {
    const offeredLoadErlangs = 40;
    const spare = 2;
    const wait = waitProbability({ offeredLoadErlangs, servers: 42 });
    const exact = (wait * offeredLoadErlangs) / spare;
    // Half-minute steps smooth away the short waits, which no target worth a decision is about.
    const ends = [400, 440, 480, 520, 560, 600].map(
      (steps) => runPaths(poolOf(42), pathsOf(10, steps, true, 200), servers(42, steps), 0).backlogEnd,
    );
    const mean = ends.reduce((sum, end) => sum + end, 0) / ends.length;
    expect(mean / exact).to.be.within(0.2, 1.2);
  });

  it('never misses more with more servers', () => {
    let before = Number.POSITIVE_INFINITY;
    for (let count = 36; count <= 60; count++) {
      const { missedMinutes } = runPaths(poolOf(60), pathsOf(11, 8, true), servers(count, 8), 0);
      expect(missedMinutes).to.be.at.most(before + 1e-9);
      before = missedMinutes;
    }
  });
});

describe('missCurve', () => {
  it('rises from rarely at no wait to surely beyond the target', () => {
    expect(missAt(miss, 0)).to.be.below(1e-6);
    expect(missAt(miss, 8.1)).to.be.within(0.3, 0.7);
    expect(missAt(miss, 100)).to.equal(1);
  });

  it('is sharp at the target when the objective is about the wait alone', () => {
    const ofWait = missCurve({
      service: { kind: 'exponential', meanSec: 4 },
      latencySec: 12,
      latencyOf: 'wait',
      jobsPerWindow: 600,
    });
    expect(missAt(ofWait, 11.5)).to.equal(0);
    expect(missAt(ofWait, 12.5)).to.equal(1);
  });
});
