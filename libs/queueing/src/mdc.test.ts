import { expect } from 'chai';
import { constantServiceQueue } from './mdc.ts';
import { poissonMass } from './poisson-mass.ts';

/** Crommelin's argument, iterated: what is in the system one service time later are the arrivals and those not yet begun. */
function byIteration(a: number, c: number): { waitProbability: number; waitMean: number } {
  const size = 200;
  const arrivals = Array.from({ length: size }, (_, count) => poissonMass({ count, mean: a }));
  let p = new Float64Array(size);
  p[0] = 1;
  for (let round = 0; round < 400; round++) {
    const next = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const stay = Math.max(0, i - c);
      for (let k = 0; stay + k < size; k++) {
        next[stay + k] = (next[stay + k] as number) + (p[i] as number) * (arrivals[k] as number);
      }
    }
    p = next;
  }
  let queueLength = 0;
  let allBusy = 0;
  for (let i = c; i < size; i++) {
    queueLength += (i - c) * (p[i] as number);
    allBusy += p[i] as number;
  }
  return { waitProbability: allBusy, waitMean: queueLength / a };
}

describe('constantServiceQueue', () => {
  it('is Pollaczek-Khinchin with one server', () => {
    for (const load of [0.1, 0.5, 0.9, 0.99]) {
      const { waitMean, waitProbability } = constantServiceQueue({ offeredLoadErlangs: load, servers: 1 });
      expect(waitMean / (load / (2 * (1 - load)))).to.be.closeTo(1, 1e-8);
      expect(waitProbability).to.be.closeTo(load, 1e-8);
    }
  });

  for (const [c, load] of [
    [2, 0.5],
    [3, 0.8],
    [10, 0.7],
    [20, 0.85],
  ] as const) {
    it(`agrees with the stationary number in system, ${c} servers at ${load}`, () => {
      const exact = constantServiceQueue({ offeredLoadErlangs: c * load, servers: c });
      const iterated = byIteration(c * load, c);
      expect(exact.waitMean).to.be.closeTo(iterated.waitMean, 1e-8);
      expect(exact.waitProbability).to.be.closeTo(iterated.waitProbability, 1e-8);
    });
  }

  it('has nobody wait without load, and refuses full load', () => {
    expect(constantServiceQueue({ offeredLoadErlangs: 0, servers: 4 })).to.deep.equal({
      waitProbability: 0,
      waitMean: 0,
    });
    expect(() => constantServiceQueue({ offeredLoadErlangs: 4, servers: 4 })).to.throw(RangeError);
  });
});
