import { expect } from 'chai';
import fc from 'fast-check';
import { availabilityWorkers } from './availability.ts';

/** P(at least k of n up) from the plain binomial sum. */
function plainly(n: number, k: number, up: number): number {
  let sum = 0;
  let mass = up ** n;
  for (let down = 0; down <= n - k; down++) {
    sum += mass;
    mass *= ((n - down) / (down + 1)) * ((1 - up) / up);
  }
  return sum;
}

describe('availabilityWorkers', () => {
  it('is the least number that a binomial sum allows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.double({ min: 0.7, max: 0.999, noNaN: true }),
        fc.double({ min: 0.5, max: 0.99999, noNaN: true }),
        (workersUp, workerUp, target) => {
          const workers = availabilityWorkers({ workersUp, workerUp, target });
          if (workers === undefined) throw new Error('expected a number');
          expect(plainly(workers, workersUp, workerUp)).to.be.at.least(target - 1e-9);
          if (workers > workersUp) expect(plainly(workers - 1, workersUp, workerUp)).to.be.below(target + 1e-9);
        },
      ),
    );
  });

  it('needs no spare when workers never fail, and nobody when nobody is needed', () => {
    expect(availabilityWorkers({ workersUp: 7, workerUp: 1, target: 0.999 })).to.equal(7);
    expect(availabilityWorkers({ workersUp: 0, workerUp: 0.5, target: 0.999 })).to.equal(0);
  });

  it('gives up where more workers would be needed than there may be', () => {
    expect(availabilityWorkers({ workersUp: 10, workerUp: 0.001, target: 0.99, workersMax: 1000 })).to.equal(undefined);
  });

  it('finds the spare of a large pool near the normal quantile', () => {
    const workers = availabilityWorkers({ workersUp: 10_000, workerUp: 0.99, target: 0.999 }) ?? 0;
    const mean = workers * 0.99;
    const deviations = (mean - 9999.5) / Math.sqrt(workers * 0.99 * 0.01);
    expect(deviations).to.be.within(3.0, 3.35);
  });
});
