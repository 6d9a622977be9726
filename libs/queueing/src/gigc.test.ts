import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import fc from 'fast-check';
import { dispersionOfCounts, solveGigc } from './gigc.ts';
import { solveMgc } from './mgc.ts';

const service = { kind: 'lognormal', meanSec: 1, scv: 2 } as const;

function solved(arrivalDispersion: number, servers = 20, load = 0.8) {
  const result = solveGigc({ arrivalRatePerSec: servers * load, service, servers, arrivalDispersion });
  if (!result.ok) throw new Error(result.detail);
  return result.queue;
}

describe('solveGigc', () => {
  it('is solveMgc for Poisson traffic', () => {
    const poisson = solveMgc({ arrivalRatePerSec: 16, service, servers: 20 });
    if (!poisson.ok) throw new Error(poisson.detail);
    expect(solved(1).waitSecMean).to.equal(poisson.queue.waitSecMean);
    expect(solved(1 + 1e-9).waitSecMean).to.be.closeTo(poisson.queue.waitSecMean, 1e-6);
    expect(solved(1 + 1e-9).responseSecQuantile(0.95)).to.be.closeTo(poisson.queue.responseSecQuantile(0.95), 1e-5);
  });

  it('waits longer the burstier the traffic', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 50, noNaN: true }),
        fc.double({ min: 1.01, max: 3, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (dispersion, factor, servers) => {
          const here = solved(dispersion, servers);
          const burstier = solved(dispersion * factor, servers);
          expect(burstier.waitProbability).to.be.at.least(here.waitProbability * (1 - 0.01));
          expect(burstier.waitSecMean).to.be.at.least(here.waitSecMean * (1 - 0.01));
        },
      ),
    );
  });

  it('has the heavy-traffic mean (I + scv)/2 · E[S]/(c - a)', () => {
    const { waitSecMean, waitProbability } = solved(5, 4, 0.999);
    expect(waitSecMean / waitProbability / ((5 + 2) / 2 / 0.004)).to.be.closeTo(1, 0.05);
  });
});

describe('dispersionOfCounts', () => {
  const random = createRandomStream('counts');
  const poisson = (mean: number) => {
    let count = 0;
    for (let t = random.exponential(1); t < mean; t += random.exponential(1)) count++;
    return count;
  };

  it('is about 1 for Poisson counts, whatever the interval', () => {
    const counts = Array.from({ length: 20_000 }, () => poisson(6));
    expect(dispersionOfCounts(counts)).to.be.closeTo(1, 0.05);
    expect(dispersionOfCounts(counts, { merge: 10 })).to.be.closeTo(1, 0.12);
  });

  it('does not take a slow wave for bursts, where variance / mean does', () => {
    const counts = Array.from({ length: 10_000 }, (_, i) => poisson(50 + 40 * Math.sin((2 * Math.PI * i) / 2000)));
    expect(dispersionOfCounts(counts)).to.be.closeTo(1, 0.06);
  });

  it('is the size of the batch when jobs come in batches', () => {
    const counts = Array.from({ length: 20_000 }, () => 5 * poisson(4));
    expect(dispersionOfCounts(counts)).to.be.closeTo(5, 0.25);
  });

  it('passes over intervals that were not seen', () => {
    expect(dispersionOfCounts([4, 6, Number.NaN, 5, 5])).to.be.closeTo(4 / 4 / 5, 1e-12);
    expect(dispersionOfCounts([4, Number.NaN, 5])).to.satisfy(Number.isNaN);
    expect(dispersionOfCounts([0, 0, 0])).to.satisfy(Number.isNaN);
    expect(dispersionOfCounts([])).to.satisfy(Number.isNaN);
  });
});
