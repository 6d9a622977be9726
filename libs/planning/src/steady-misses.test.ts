import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { missChance } from './late-share.ts';
import { type SteadyPool, steadyMiss } from './steady-misses.ts';

/**
 * Share of minutes of a first-come-first-served queue with Poisson arrivals and log-normal service in which more than 5 % of
 * the jobs are late: one long run, begun empty, its first ten minutes left out.
 */
function simulatedMisses(pool: SteadyPool, loadErlangs: number, servers: number, minutes: number): number {
  const random = createRandomStream(`${loadErlangs} erlangs on ${servers}`);
  const { serviceMeanSec, serviceScv, latencySec, latencyOf } = pool;
  const deviation = Math.sqrt(Math.log1p(serviceScv));
  const location = Math.log(serviceMeanSec) - deviation ** 2 / 2;
  const freeAt = new Float64Array(servers);
  const arrived = new Int32Array(minutes);
  const late = new Int32Array(minutes);
  const warmUp = 10;
  let now = 0;
  for (;;) {
    now -= (Math.log(1 - random.next()) * serviceMeanSec) / loadErlangs;
    const minute = Math.floor(now / 60) - warmUp;
    if (minute >= minutes) break;
    let first = 0;
    for (let i = 1; i < servers; i++) if ((freeAt[i] as number) < (freeAt[first] as number)) first = i;
    const start = Math.max(now, freeAt[first] as number);
    const end = start + Math.exp(location + deviation * random.normal());
    freeAt[first] = end;
    if (minute < 0) continue;
    arrived[minute] = (arrived[minute] as number) + 1;
    if ((latencyOf === 'wait' ? start : end) - now > latencySec) late[minute] = (late[minute] as number) + 1;
  }
  return late.filter((count, i) => count > 0.05 * (arrived[i] as number) + 1e-9).length / minutes;
}

describe('steadyMiss', () => {
  const tightWait: SteadyPool = { serviceMeanSec: 1, serviceScv: 4, latencySec: 0.5, latencyOf: 'wait' };
  const loose: SteadyPool = { serviceMeanSec: 30, serviceScv: 4, latencySec: 240, latencyOf: 'response' };
  const short: SteadyPool = { serviceMeanSec: 0.5, serviceScv: 1, latencySec: 2, latencyOf: 'response' };
  for (const [name, pool, load, servers, minutes] of [
    ['nearly always', tightWait, 8, 10, 2000],
    ['as often as not', tightWait, 8, 11, 2000],
    ['now and then', tightWait, 8, 13, 4000],
    ['in a small pool', tightWait, 3, 6, 4000],
    ['in a larger one', tightWait, 40, 46, 2000],
    ['when the service time is part of the target', short, 10, 12, 4000],
    ['when hardly anything but service is late', loose, 40, 48, 4000],
  ] as const) {
    it(`is what a long simulation shows: ${name}`, () => {
      const promised = steadyMiss(pool, load, servers);
      const came = simulatedMisses(pool, load, servers, minutes);
      // Within a third, and three deviations of the minutes that the simulation could count.
      const chance = 3 * Math.sqrt((2 * came + 1 / minutes) / minutes);
      expect(promised, `${promised} promised, ${came} came`).to.be.within(came / 1.35 - chance, came * 1.35 + chance);
    });
  }

  it('falls with servers, rises with load, and is certain in a full pool', () => {
    let before = 1;
    for (let servers = 9; servers <= 20; servers++) {
      const miss = steadyMiss(tightWait, 8, servers);
      expect(miss).to.be.within(0, before);
      expect(steadyMiss(tightWait, 8.4, servers)).to.be.at.least(miss - 1e-12);
      before = miss;
    }
    expect(steadyMiss(tightWait, 8, 8)).to.equal(1);
    expect(steadyMiss(tightWait, 0, 8)).to.equal(0);
  });
});

describe('missChance', () => {
  it('counts late jobs where each is late by itself', () => {
    // More than 5 % of about 80 jobs: five or more late ones where 0.9 are expected, of a Poisson count: 0.23 %; and of 70 or 90
    // jobs as well, which makes it more.
    expect(missChance({ mean: 0.01125, variance: 0, jobs: 80 })).to.be.within(0.0023, 0.012);
    expect(missChance({ mean: 0.5, variance: 0, jobs: 80 })).to.be.above(0.999);
    expect(missChance({ mean: 0.02, variance: 0, jobs: 10_000 })).to.be.below(1e-6);
  });

  it('is the chance of a bad minute where all jobs of a minute share their fate', () => {
    expect(missChance({ mean: 0.2, variance: 0.16, jobs: 600 })).to.be.closeTo(0.2, 0.01);
  });

  it('misses nothing in a minute without jobs, and seldom in one that hardly has any', () => {
    expect(missChance({ mean: 1, variance: 0, jobs: 0 })).to.equal(0);
    expect(missChance({ mean: 0.1, variance: 0, jobs: 0.5 })).to.be.closeTo(1 - Math.exp(-0.05), 1e-3);
  });
});
