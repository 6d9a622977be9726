import { createSketch } from '@capplan/sketch';
import { expect } from 'chai';
import fc from 'fast-check';
import { constantServiceQueue } from './mdc.ts';
import { solveMgc } from './mgc.ts';
import { solveMmc } from './mmc.ts';
import type { QueueSolution } from './queue-solution.ts';
import { type ServiceDistribution, serviceScv } from './service-distribution.ts';
import { serviceExceedance, serviceQuantileSec } from './service-shape.ts';

const services: readonly ServiceDistribution[] = [
  { kind: 'deterministic', meanSec: 3 },
  { kind: 'erlang', meanSec: 3, shape: 4 },
  { kind: 'lognormal', meanSec: 3, scv: 1 },
  { kind: 'lognormal', meanSec: 3, scv: 9 },
  { kind: 'hyperexponential', meanSec: 3, scv: 5 },
  { kind: 'gamma', meanSec: 3, scv: 4 },
];

function queue(service: ServiceDistribution, servers: number, load: number): QueueSolution {
  const result = solveMgc({ arrivalRatePerSec: (servers * load) / 3, service, servers });
  if (!result.ok) throw new Error(result.detail);
  return result.queue;
}

const loads = fc.double({ min: 0.05, max: 0.98, noNaN: true });
const kinds = fc.constantFrom(...services);
const sizes = fc.integer({ min: 1, max: 400 });

describe('solveMgc', () => {
  it('is Pollaczek-Khinchin with one server', () => {
    for (const service of services) {
      for (const load of [0.3, 0.6, 0.9]) {
        const exact = (load / (1 - load)) * ((1 + serviceScv(service)) / 2) * 3;
        const { waitSecMean, waitProbability } = queue(service, 1, load);
        expect(waitSecMean / exact, `${service.kind} ${load}`).to.be.closeTo(1, 0.02);
        expect(waitProbability).to.be.closeTo(load, 1e-12);
      }
    }
  });

  it('is M/M/c for exponential service, also when that is given as a gamma or Erlang of scv 1', () => {
    const exact = solveMmc({ arrivalRatePerSec: 4, serviceTimeSecMean: 2, servers: 10 });
    if (!exact.ok) throw new Error(exact.detail);
    for (const service of [
      { kind: 'exponential', meanSec: 2 },
      { kind: 'gamma', meanSec: 2, scv: 1 },
      { kind: 'erlang', meanSec: 2, shape: 1 },
      { kind: 'hyperexponential', meanSec: 2, scv: 1 },
    ] as const) {
      const result = solveMgc({ arrivalRatePerSec: 4, service, servers: 10 });
      if (!result.ok) throw new Error(result.detail);
      for (const p of [0.5, 0.7, 0.95, 0.99]) {
        expect(result.queue.waitSecQuantile(p)).to.be.closeTo(exact.queue.waitSecQuantile(p), 1e-9);
        expect(result.queue.responseSecQuantile(p)).to.be.closeTo(exact.queue.responseSecQuantile(p), 1e-9);
      }
    }
  });

  it('comes to M/M/c by the general way too, when exponential times were measured', () => {
    const exponential: ServiceDistribution = { kind: 'exponential', meanSec: 3 };
    const samples = Array.from({ length: 5000 }, (_, i) => serviceQuantileSec(exponential, (i + 0.5) / 5000));
    for (const servers of [1, 5, 50, 500]) {
      const general = queue({ kind: 'measured', samples }, servers, 0.9);
      const exact = queue(exponential, servers, 0.9 * (general.offeredLoadErlangs / (0.9 * servers)));
      expect(general.model).to.equal('M/G/c');
      expect(general.waitSecMean / exact.waitSecMean).to.be.closeTo(1, 0.01);
      expect(general.responseSecQuantile(0.95) / exact.responseSecQuantile(0.95)).to.be.closeTo(1, 0.01);
    }
  });

  it('has the exact mean and waiting probability for constant service', () => {
    const { waitMean, waitProbability } = constantServiceQueue({ offeredLoadErlangs: 8.5, servers: 10 });
    const mine = queue({ kind: 'deterministic', meanSec: 3 }, 10, 0.85);
    expect(mine.model).to.equal('M/D/c');
    expect(mine.waitSecMean).to.be.closeTo(3 * waitMean, 1e-9);
    expect(mine.waitProbability).to.be.closeTo(waitProbability, 1e-12);
  });

  it('tends to the heavy-traffic exponential of mean (1 + scv)/2 · E[S]/(c - a)', () => {
    for (const service of services) {
      const { waitSecMean, waitProbability } = queue(service, 4, 0.999);
      const limit = ((1 + serviceScv(service)) / 2) * (3 / 0.004);
      expect(waitSecMean / waitProbability / limit, service.kind).to.be.closeTo(1, 0.05);
    }
  });

  it('has distributions that fall from 1 to 0, a mean that is their integral, and quantiles that invert them', () => {
    fc.assert(
      fc.property(
        kinds,
        sizes,
        loads,
        fc.double({ min: 0.01, max: 0.999, noNaN: true }),
        (service, servers, load, p) => {
          const q = queue(service, servers, load);
          let before = 1;
          for (let t = 0.01; t < 1000; t *= 1.5) {
            const tail = q.waitExceedance(t);
            expect(tail).to.be.within(0, before * (1 + 1e-12));
            expect(q.responseExceedance(t)).to.be.within(Math.max(tail, serviceExceedance(service, t)) - 1e-11, 1);
            before = tail;
          }
          const wait = q.waitSecQuantile(p);
          if (wait > 0) expect(q.waitExceedance(wait) / (1 - p)).to.be.closeTo(1, 1e-6);
          expect(q.responseSecQuantile(p)).to.be.at.least(serviceQuantileSec(service, p) * (1 - 1e-6));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never makes jobs wait longer when a server is added', () => {
    fc.assert(
      fc.property(kinds, sizes, loads, fc.double({ min: 0.01, max: 30, noNaN: true }), (service, servers, load, t) => {
        const here = queue(service, servers, load);
        const more = queue(service, servers + 1, (load * servers) / (servers + 1));
        expect(more.waitProbability).to.be.at.most(here.waitProbability + 1e-12);
        expect(more.waitExceedance(t)).to.be.at.most(here.waitExceedance(t) + 1e-9);
        expect(more.responseExceedance(t)).to.be.at.most(here.responseExceedance(t) + 1e-9);
        expect(more.waitSecMean).to.be.at.most(here.waitSecMean * (1 + 1e-6));
      }),
      { numRuns: 100 },
    );
  });

  it('obeys Little: jobs waiting = rate × mean wait', () => {
    fc.assert(
      fc.property(kinds, sizes, loads, (service, servers, load) => {
        const q = queue(service, servers, load);
        expect(q.queueLengthMean).to.be.closeTo(((servers * load) / 3) * q.waitSecMean, 1e-9 * (1 + q.queueLengthMean));
        expect(q.jobsMean).to.be.closeTo(((servers * load) / 3) * q.responseSecMean, 1e-9 * q.jobsMean);
      }),
    );
  });

  it('does not mind the unit of time', () => {
    const result = solveMgc({
      arrivalRatePerSec: 0.006,
      service: { kind: 'lognormal', meanSec: 1000, scv: 3 },
      servers: 8,
    });
    const scaled = solveMgc({ arrivalRatePerSec: 6, service: { kind: 'lognormal', meanSec: 1, scv: 3 }, servers: 8 });
    if (!result.ok || !scaled.ok) throw new Error('both are stable');
    expect(result.queue.waitSecQuantile(0.95)).to.be.closeTo(1000 * scaled.queue.waitSecQuantile(0.95), 1e-6);
    expect(result.queue.responseSecQuantile(0.95)).to.be.closeTo(1000 * scaled.queue.responseSecQuantile(0.95), 1e-4);
  });

  it('takes measured service times as samples or as a sketch, with the same answer', () => {
    const samples = Array.from({ length: 2000 }, (_, i) =>
      serviceQuantileSec({ kind: 'lognormal', meanSec: 3, scv: 2 }, (i + 0.5) / 2000),
    );
    const sketch = createSketch({ relativeError: 0.005 });
    for (const value of samples) sketch.add(value);
    const measured = queue({ kind: 'measured', samples }, 20, 0.9);
    const sketched = queue({ kind: 'measured', sketch }, 20, 0.9);
    const fitted = queue({ kind: 'lognormal', meanSec: 3, scv: serviceScv({ kind: 'measured', samples }) }, 20, 0.9);
    for (const p of [0.5, 0.95, 0.99]) {
      expect(sketched.responseSecQuantile(p) / measured.responseSecQuantile(p)).to.be.closeTo(1, 0.01);
      expect(fitted.responseSecQuantile(p) / measured.responseSecQuantile(p)).to.be.closeTo(1, 0.03);
    }
  });

  it('says that a queue is unstable, and refuses a distribution that cannot be', () => {
    const service: ServiceDistribution = { kind: 'lognormal', meanSec: 2, scv: 1 };
    expect(solveMgc({ arrivalRatePerSec: 5, service, servers: 10 })).to.include({
      ok: false,
      reason: 'unstable_queue',
    });
    expect(() => solveMgc({ arrivalRatePerSec: 5, service: { ...service, scv: -1 }, servers: 10 })).to.throw('scv');
  });
});
