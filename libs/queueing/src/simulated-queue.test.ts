import { createRandomStream, type RandomStream } from '@capplan/random';
import { expect } from 'chai';
import { solveGigc } from './gigc.ts';
import { solveMgc } from './mgc.ts';
import type { ServiceDistribution } from './service-distribution.ts';

/** Waits and services of jobs in a first-come-first-served queue (the recursion of Kiefer & Wolfowitz), batch by batch. */
function simulate(setup: { jobs: number; servers: number; gap: () => number; service: () => number }): {
  wait: Float64Array;
  response: Float64Array;
} {
  const { jobs, servers, gap, service } = setup;
  // Times at which the servers become free, earliest first; a short list is kept sorted by insertion.
  const free = new Float64Array(servers);
  const wait = new Float64Array(jobs);
  const response = new Float64Array(jobs);
  let now = 0;
  const warmUp = Math.floor(jobs / 20);
  for (let job = -warmUp; job < jobs; job++) {
    now += gap();
    const begin = Math.max(now, free[0] as number);
    const length = service();
    let i = 1;
    for (; i < servers && (free[i] as number) < begin + length; i++) free[i - 1] = free[i] as number;
    free[i - 1] = begin + length;
    if (job >= 0) {
      wait[job] = begin - now;
      response[job] = begin - now + length;
    }
  }
  return { wait, response };
}

/** A figure and the half-width of its 95 % confidence interval, from twenty batches. */
function estimate(values: Float64Array, figure: (batch: Float64Array) => number): { value: number; halfWidth: number } {
  const batches = 20;
  const size = Math.floor(values.length / batches);
  const figures = Array.from({ length: batches }, (_, i) => figure(values.slice(i * size, (i + 1) * size)));
  const value = figures.reduce((sum, x) => sum + x, 0) / batches;
  const variance = figures.reduce((sum, x) => sum + (x - value) ** 2, 0) / (batches - 1);
  return { value, halfWidth: 2.093 * Math.sqrt(variance / batches) };
}

const mean = (batch: Float64Array) => batch.reduce((sum, x) => sum + x, 0) / batch.length;
const share = (batch: Float64Array) => batch.reduce((sum, x) => sum + (x > 0 ? 1 : 0), 0) / batch.length;
const quantile = (p: number) => (batch: Float64Array) =>
  Float64Array.from(batch).sort()[Math.floor(p * batch.length)] as number;

function sampler(service: ServiceDistribution, random: RandomStream): () => number {
  if (service.kind === 'deterministic') return () => service.meanSec;
  if (service.kind === 'lognormal') {
    const variance = Math.log1p(service.scv);
    return () => service.meanSec * Math.exp(Math.sqrt(variance) * random.normal() - variance / 2);
  }
  if (service.kind === 'hyperexponential') {
    const often = 0.5 * (1 + Math.sqrt((service.scv - 1) / (service.scv + 1)));
    return () => random.exponential(service.meanSec / (2 * (random.next() < often ? often : 1 - often)));
  }
  throw new Error(`no sampler for ${service.kind}`);
}

const cells: [ServiceDistribution, number, number][] = [
  [{ kind: 'deterministic', meanSec: 2 }, 8, 0.9],
  [{ kind: 'lognormal', meanSec: 2, scv: 1 }, 3, 0.8],
  [{ kind: 'lognormal', meanSec: 2, scv: 4 }, 30, 0.85],
  [{ kind: 'hyperexponential', meanSec: 2, scv: 6 }, 12, 0.8],
];

describe('solveMgc beside a simulation of every job', () => {
  for (const [service, servers, load] of cells) {
    it(`is right within its stated errors: ${service.kind}, ${servers} servers, ${load}`, () => {
      const random = createRandomStream(`${service.kind} ${servers}`);
      const arrivalRatePerSec = (servers * load) / 2;
      const arrivals = random.fork('arrivals');
      const run = simulate({
        jobs: 250_000,
        servers,
        gap: () => arrivals.exponential(1 / arrivalRatePerSec),
        service: sampler(service, random.fork('service')),
      });
      const result = solveMgc({ arrivalRatePerSec, service, servers });
      if (!result.ok) throw new Error(result.detail);
      const { queue } = result;
      const compare = (mine: number, simulated: { value: number; halfWidth: number }, relative: number) =>
        expect(mine).to.be.closeTo(simulated.value, relative * simulated.value + 1.5 * simulated.halfWidth);
      compare(queue.waitProbability, estimate(run.wait, share), 0.02);
      compare(queue.waitSecMean, estimate(run.wait, mean), 0.06);
      compare(queue.waitSecQuantile(0.95), estimate(run.wait, quantile(0.95)), 0.08);
      compare(queue.waitSecQuantile(0.99), estimate(run.wait, quantile(0.99)), 0.1);
      compare(queue.responseSecQuantile(0.95), estimate(run.response, quantile(0.95)), 0.03);
      compare(queue.responseSecQuantile(0.99), estimate(run.response, quantile(0.99)), 0.05);
    });
  }
});

describe('solveGigc beside a simulation of every job', () => {
  it('sizes up bursts: renewal arrivals of scv 4 to exponential service', () => {
    const random = createRandomStream('bursts');
    const gap = sampler({ kind: 'hyperexponential', meanSec: 1 / 8, scv: 4 }, random.fork('arrivals'));
    const services = random.fork('service');
    const run = simulate({ jobs: 250_000, servers: 10, gap, service: () => services.exponential(1) });
    const result = solveGigc({
      arrivalRatePerSec: 8,
      service: { kind: 'exponential', meanSec: 1 },
      servers: 10,
      arrivalDispersion: 4,
    });
    if (!result.ok) throw new Error(result.detail);
    const simulated = estimate(run.wait, mean).value;
    expect(result.queue.waitSecMean / simulated).to.be.within(0.8, 1.25);
    expect(result.queue.waitSecQuantile(0.95) / estimate(run.wait, quantile(0.95)).value).to.be.within(0.8, 1.25);
    const poisson = solveMgc({ arrivalRatePerSec: 8, service: { kind: 'exponential', meanSec: 1 }, servers: 10 });
    if (!poisson.ok) throw new Error(poisson.detail);
    expect(poisson.queue.waitSecMean / simulated).to.be.below(0.6);
  });
});
