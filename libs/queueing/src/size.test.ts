import { expect } from 'chai';
import fc from 'fast-check';
import { drainTimeSec } from './fluid.ts';
import { solveMgc } from './mgc.ts';
import { solveMmc } from './mmc.ts';
import type { ServiceDistribution } from './service-distribution.ts';
import { serviceQuantileSec } from './service-shape.ts';
import { type Sizing, size, sizeOutcome } from './size.ts';
import type { SizeQuery } from './size-query.ts';

const services: readonly ServiceDistribution[] = [
  { kind: 'exponential', meanSec: 2 },
  { kind: 'deterministic', meanSec: 0.5 },
  { kind: 'lognormal', meanSec: 3, scv: 4 },
  { kind: 'gamma', meanSec: 1, scv: 0.3 },
];

const queries = fc.record({
  arrivalRatePerSec: fc.double({ min: 0.01, max: 300, noNaN: true }),
  service: fc.constantFrom(...services),
  concurrency: fc.integer({ min: 1, max: 12 }),
  latency: fc.record({
    of: fc.constant('wait' as const),
    percentile: fc.double({ min: 0.5, max: 0.999, noNaN: true }),
    targetSec: fc.double({ min: 0.01, max: 20, noNaN: true }),
  }),
});

function sized(query: SizeQuery): Sizing {
  const result = size(query);
  if (!result.ok) throw new Error(result.detail);
  return result;
}

describe('size', () => {
  it('finds the textbook answer: 3 servers for two erlangs and half of the jobs waiting', () => {
    const query = {
      arrivalRatePerSec: 2,
      service: { kind: 'exponential', meanSec: 1 },
      waitProbabilityMax: 0.5,
    } as const;
    expect(sized(query)).to.include({ workers: 3, binding: 'wait_probability' });
  });

  it('is the least that keeps the target: it holds here and breaks with one worker fewer', () => {
    fc.assert(
      fc.property(queries, (query) => {
        const { outcome, sensitivity, workers } = sized(query);
        const late = 1 - query.latency.percentile;
        expect(outcome.lateShare).to.be.at.most(late);
        expect(outcome.isEnough).to.equal(true);
        if (workers > 1) {
          expect(sensitivity.oneFewer.lateShare).to.be.above(late * (1 - 1e-12));
          expect(sensitivity.oneFewer.isEnough).to.equal(false);
        }
        expect(sensitivity.oneMore.lateShare).to.be.at.most((outcome.lateShare as number) * (1 + 1e-9));
      }),
      { numRuns: 60 },
    );
  });

  it('never takes fewer workers for more load, or for a tighter target', () => {
    fc.assert(
      fc.property(queries, fc.double({ min: 1, max: 3, noNaN: true }), (query, factor) => {
        const { workers } = sized(query);
        expect(sized({ ...query, arrivalRatePerSec: query.arrivalRatePerSec * factor }).workers).to.be.at.least(
          workers,
        );
        const tighter = { ...query.latency, targetSec: query.latency.targetSec / factor };
        expect(sized({ ...query, latency: tighter }).workers).to.be.at.least(workers);
      }),
      { numRuns: 40 },
    );
  });

  it('agrees with the queue that it sized', () => {
    const latency = { of: 'response', percentile: 0.95, targetSec: 12 } as const;
    for (const service of services) {
      const query: SizeQuery = { arrivalRatePerSec: 20, service, latency };
      const { workers } = sized(query);
      const quantileAt = (servers: number) => {
        const result = solveMgc({ arrivalRatePerSec: 20, service, servers });
        return result.ok ? result.queue.responseSecQuantile(0.95) : Number.POSITIVE_INFINITY;
      };
      expect(quantileAt(workers)).to.be.at.most(12);
      expect(quantileAt(workers - 1)).to.be.above(12);
    }
  });

  it('says when the service time alone breaks the target, and that no worker helps', () => {
    const service: ServiceDistribution = { kind: 'lognormal', meanSec: 2, scv: 4 };
    const targetSec = serviceQuantileSec(service, 0.95);
    const query = (factor: number): SizeQuery => ({
      arrivalRatePerSec: 5,
      service,
      latency: { of: 'response', percentile: 0.95, targetSec: targetSec * factor },
    });
    expect(size(query(0.99))).to.include({ ok: false, reason: 'service_time_exceeds_target', constraint: 'latency' });
    expect(size(query(1.01)).ok).to.equal(true);
  });

  it('names the constraint that binds', () => {
    const base: SizeQuery = { arrivalRatePerSec: 10, service: { kind: 'exponential', meanSec: 1 } };
    expect(sized(base)).to.include({ workers: 11, binding: 'stability' });
    expect(sized({ ...base, utilizationMax: 0.5 })).to.include({ workers: 20, binding: 'utilization' });
    const drain = { backlogJobs: 900, withinSec: 60 };
    expect(sized({ ...base, drain })).to.include({ workers: 25, binding: 'drain' });
    expect(sized({ ...base, drain, workersMin: 40 })).to.include({ workers: 40, binding: 'workers_min' });
    const availability = { target: 0.999, workerUp: 0.98 };
    expect(sized({ ...base, drain, availability })).to.deep.include({ binding: 'availability' });
    expect(sized({ ...base, drain }).required.map((need) => need.constraint)).to.deep.equal([
      'drain',
      'stability',
      'workers_min',
    ]);
  });

  it('drains in time and no worker sooner', () => {
    const query: SizeQuery = {
      arrivalRatePerSec: 7.3,
      service: services[2] as ServiceDistribution,
      drain: { backlogJobs: 500, withinSec: 90 },
    };
    const { workers } = sized(query);
    const timeAt = (servers: number) =>
      drainTimeSec({ backlogJobs: 500, arrivalRatePerSec: 7.3, serviceTimeSecMean: 3, servers });
    expect(timeAt(workers)).to.be.at.most(90);
    expect(timeAt(workers - 1)).to.be.above(90);
  });

  it('keeps the backlog within its bound: exactly so in M/M/c, where P(more than n wait) = C ρ^(n+1)', () => {
    const query: SizeQuery = {
      arrivalRatePerSec: 50,
      service: { kind: 'exponential', meanSec: 1 },
      backlog: { jobsMax: 20 },
    };
    const { workers } = sized(query);
    const exceedance = (servers: number) => {
      const result = solveMmc({ arrivalRatePerSec: 50, serviceTimeSecMean: 1, servers });
      return result.ok ? result.queue.waitProbability * result.queue.utilization ** 21 : 1;
    };
    expect(exceedance(workers)).to.be.at.most(0.01);
    expect(exceedance(workers - 1)).to.be.above(0.01);
  });

  it('counts slots: workers with ten slots each are a tenth as many, rounded up', () => {
    const base: SizeQuery = {
      arrivalRatePerSec: 100,
      service: { kind: 'exponential', meanSec: 1 },
      waitProbabilityMax: 0.1,
    };
    const { workers } = sized(base);
    expect(sized({ ...base, concurrency: 10 })).to.include({
      workers: Math.ceil(workers / 10),
      servers: 10 * Math.ceil(workers / 10),
    });
  });

  it('says how many would do when that is more than allowed', () => {
    const query: SizeQuery = { arrivalRatePerSec: 10, service: { kind: 'exponential', meanSec: 1 }, workersMax: 5 };
    expect(size(query)).to.include({
      ok: false,
      reason: 'above_workers_max',
      workersNeeded: 11,
      constraint: 'stability',
    });
    const unreliable: SizeQuery = { ...query, workersMax: 1e6, availability: { target: 0.999, workerUp: 1e-6 } };
    expect(size(unreliable)).to.include({ ok: false, reason: 'workers_unreliable' });
  });

  it('refuses a load beyond any number of servers that is searched for, without a number', () => {
    const latency = { of: 'response', percentile: 0.95, targetSec: 1 } as const;
    const beyond = size({ arrivalRatePerSec: 1e12, service: { kind: 'exponential', meanSec: 0.1 }, latency });
    expect(beyond)
      .to.include({ ok: false, reason: 'above_workers_max', constraint: 'stability' })
      .and.not.to.have.property('workersNeeded');
  });

  it('needs nobody when nothing arrives, and somebody to drain what is left', () => {
    const idle: SizeQuery = {
      arrivalRatePerSec: 0,
      service: services[0] as ServiceDistribution,
      latency: { of: 'response', percentile: 0.95, targetSec: 0.1 },
    };
    expect(sized(idle)).to.include({ workers: 0, binding: 'workers_min' });
    expect(sized({ ...idle, drain: { backlogJobs: 100, withinSec: 100 } }).workers).to.equal(2);
  });

  it('asks for more when arrivals come in bursts', () => {
    const query: SizeQuery = {
      arrivalRatePerSec: 50,
      service: services[2] as ServiceDistribution,
      latency: { of: 'wait', percentile: 0.95, targetSec: 1 },
    };
    const counts = [0.5, 1, 3, 10].map((arrivalDispersion) => sized({ ...query, arrivalDispersion }).workers);
    expect(counts).to.deep.equal([...counts].sort((x, y) => x - y));
    expect(counts[3]).to.be.above(counts[1] as number);
  });

  it('handles a pool of a hundred thousand servers', () => {
    const query: SizeQuery = {
      arrivalRatePerSec: 99_000,
      service: { kind: 'lognormal', meanSec: 1, scv: 4 },
      latency: { of: 'wait', percentile: 0.95, targetSec: 0.05 },
    };
    expect(sized(query).workers).to.be.within(99_001, 100_000);
  });

  it('judges a given number of workers the same way', () => {
    const query: SizeQuery = {
      arrivalRatePerSec: 20,
      service: services[2] as ServiceDistribution,
      latency: { of: 'wait', percentile: 0.9, targetSec: 1 },
    };
    const { workers, outcome, sensitivity } = sized(query);
    expect(sizeOutcome(query, workers)).to.deep.equal(outcome);
    expect(sizeOutcome(query, workers - 1)).to.deep.equal(sensitivity.oneFewer);
    expect(sizeOutcome(query, 3)).to.include({ lateShare: 1, isEnough: false });
  });

  it('names the field that is off', () => {
    const good: SizeQuery = { arrivalRatePerSec: 1, service: { kind: 'exponential', meanSec: 1 } };
    const bad: [Partial<SizeQuery>, string][] = [
      [{ arrivalRatePerSec: Number.NaN }, 'arrivalRatePerSec'],
      [{ concurrency: 0 }, 'concurrency'],
      [{ latency: { of: 'wait', percentile: 1, targetSec: 1 } }, 'latency.percentile'],
      [{ drain: { backlogJobs: 1, withinSec: 0 } }, 'drain.withinSec'],
      [{ utilizationMax: 1.2 }, 'utilizationMax'],
      [{ service: { kind: 'exponential', meanSec: -1 } }, 'meanSec'],
    ];
    for (const [change, field] of bad) expect(() => size({ ...good, ...change })).to.throw(RangeError, field);
  });
});
