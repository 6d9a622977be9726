import { expect } from 'chai';
import fc from 'fast-check';
import { solveMmc } from './mmc.ts';
import type { QueueSolution } from './queue-solution.ts';

function queue(arrivalRatePerSec: number, serviceTimeSecMean: number, servers: number): QueueSolution {
  const result = solveMmc({ arrivalRatePerSec, serviceTimeSecMean, servers });
  if (!result.ok) throw new Error(result.detail);
  return result.queue;
}

describe('solveMmc', () => {
  it('gives the textbook values of two erlangs on three servers', () => {
    // Gross, Shortle, Thompson & Harris, 4th ed., section 2.3.
    const { waitSecMean, queueLengthMean, responseSecMean, jobsMean, utilization } = queue(2, 1, 3);
    expect(waitSecMean).to.be.closeTo(4 / 9, 1e-14);
    expect(queueLengthMean).to.be.closeTo(8 / 9, 1e-14);
    expect(responseSecMean).to.be.closeTo(13 / 9, 1e-14);
    expect(jobsMean).to.be.closeTo(26 / 9, 1e-14);
    expect(utilization).to.be.closeTo(2 / 3, 1e-15);
  });

  it('is M/M/1 with one server: the response is exponential with rate μ - λ', () => {
    const single = queue(0.7, 1, 1);
    for (const t of [0.1, 1, 5, 20]) expect(single.responseExceedance(t)).to.be.closeTo(Math.exp(-0.3 * t), 1e-14);
    expect(single.responseSecQuantile(0.95)).to.be.closeTo(-Math.log(0.05) / 0.3, 1e-8);
    expect(single.waitSecQuantile(0.95)).to.be.closeTo(Math.log(0.7 / 0.05) / 0.3, 1e-12);
  });

  it('is continuous where the drain rate θ passes the service rate μ', () => {
    // c = 2, λ = 1, μ = 1: θ = cμ - λ = μ, and P(T > t) = e^(-t) (1 + C t) with C = 1/3.
    for (const t of [0.5, 2, 10]) {
      expect(queue(1, 1, 2).responseExceedance(t)).to.be.closeTo(Math.exp(-t) * (1 + t / 3), 1e-14);
      expect(queue(1 + 1e-9, 1, 2).responseExceedance(t)).to.be.closeTo(queue(1, 1, 2).responseExceedance(t), 1e-8);
      expect(queue(1 - 1e-9, 1, 2).responseExceedance(t)).to.be.closeTo(queue(1, 1, 2).responseExceedance(t), 1e-8);
    }
  });

  it('inverts its own distributions', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0.01, max: 0.999, noNaN: true }),
        fc.double({ min: 0.01, max: 0.9999, noNaN: true }),
        (servers, load, p) => {
          const q = queue((load * servers) / 2, 2, servers);
          expect(q.responseExceedance(q.responseSecQuantile(p)) / (1 - p)).to.be.closeTo(1, 1e-8);
          const wait = q.waitSecQuantile(p);
          if (wait > 0) expect(q.waitExceedance(wait) / (1 - p)).to.be.closeTo(1, 1e-9);
          else expect(q.waitProbability).to.be.at.most(1 - p + 1e-12);
        },
      ),
    );
  });

  it('has a response whose mean is the integral of its exceedance', () => {
    const q = queue(8.5, 1, 10);
    let sum = 0;
    const step = 0.002;
    for (let t = step / 2; t < 60; t += step) sum += q.responseExceedance(t) * step;
    expect(sum).to.be.closeTo(q.responseSecMean, 1e-5);
  });

  it('says that a queue is unstable, in words', () => {
    const result = solveMmc({ arrivalRatePerSec: 3, serviceTimeSecMean: 1, servers: 3 });
    expect(result).to.include({ ok: false, reason: 'unstable_queue' });
  });

  it('waits for nothing when nothing arrives', () => {
    const q = queue(0, 1, 2);
    expect([q.waitProbability, q.waitSecMean, q.waitSecQuantile(0.99), q.jobsMean]).to.deep.equal([0, 0, 0, 0]);
    expect(q.responseSecQuantile(0.5)).to.be.closeTo(Math.LN2, 1e-9);
  });

  it('names the argument that is off', () => {
    expect(() => solveMmc({ arrivalRatePerSec: 1, serviceTimeSecMean: 0, servers: 1 })).to.throw('serviceTimeSecMean');
    expect(() => solveMmc({ arrivalRatePerSec: -1, serviceTimeSecMean: 1, servers: 1 })).to.throw('arrivalRatePerSec');
    expect(() => queue(1, 1, 3).waitSecQuantile(1)).to.throw('p must be');
  });
});
