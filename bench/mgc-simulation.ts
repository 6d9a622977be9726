// Simulates M/G/c job by job, to fit and to judge the approximations: what part waits, how long, and how it is distributed.

import { type ServiceDistribution, serviceQuantileSec } from '@capplan/queueing';
import { createRandomStream, type RandomStream } from '@capplan/random';

/** Shares of the waiting jobs whose wait is recorded. */
export const waitShares = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99] as const;

export interface SimulatedWait {
  readonly waitProbability: number;
  /** Mean wait of those who wait, in mean service times. */
  readonly mean: number;
  /** Half-width of the 95 % interval of the mean wait over all jobs, relative to it. */
  readonly uncertainty: number;
  /** Quantiles of the wait of those who wait, at `waitShares`. */
  readonly quantiles: readonly number[];
}

const BIN = Math.log(1.005);
const BINS = 12_000;
const BATCHES = 20;

/** First come, first served; mean service 1; the first twentieth of the jobs is not counted. */
export function simulateWait(cell: {
  service: ServiceDistribution;
  servers: number;
  load: number;
  jobs: number;
  seed: string;
}): SimulatedWait {
  const random = createRandomStream(cell.seed);
  const arrivals = random.fork('arrivals');
  const draw = sampler(cell.service, random.fork('service'));
  const meanGap = 1 / (cell.servers * cell.load);
  const free = new Float64Array(cell.servers);
  const histogram = new Float64Array(BINS);
  const batches = new Float64Array(BATCHES);
  let now = 0;
  let waiting = 0;
  let waited = 0;
  const warmUp = Math.floor(cell.jobs / 20);
  for (let job = -warmUp; job < cell.jobs; job++) {
    now += arrivals.exponential(meanGap);
    const soonest = free[0] as number;
    const wait = soonest - now;
    if (job >= 0 && wait > 0) {
      waiting++;
      waited += wait;
      const bin = Math.min(Math.max(Math.floor((Math.log(wait) + 18) / BIN), 0), BINS - 1);
      histogram[bin] = (histogram[bin] as number) + 1;
      const batch = Math.floor((job * BATCHES) / cell.jobs);
      batches[batch] = (batches[batch] as number) + wait;
    }
    replaceLeast(free, Math.max(soonest, now) + draw());
  }
  const perBatch = waited / BATCHES;
  const variance = batches.reduce((sum, x) => sum + (x - perBatch) ** 2, 0) / (BATCHES - 1);
  return {
    waitProbability: waiting / cell.jobs,
    mean: waited / waiting,
    uncertainty: (2.093 * Math.sqrt(variance / BATCHES)) / perBatch,
    quantiles: waitShares.map((share) => quantileOf(histogram, share * waiting)),
  };
}

/** The times at which servers become free are a heap; its least element gives way to a later one. */
function replaceLeast(heap: Float64Array, value: number): void {
  const size = heap.length;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= size) break;
    if (child + 1 < size && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= value) break;
    heap[i] = heap[child] as number;
    i = child;
  }
  heap[i] = value;
}

function quantileOf(histogram: Float64Array, count: number): number {
  let seen = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const here = histogram[bin] as number;
    if (seen + here >= count) return Math.exp(-18 + (bin + (count - seen) / here) * BIN);
    seen += here;
  }
  return Number.NaN;
}

/** Draws service times of mean 1. */
function sampler(service: ServiceDistribution, random: RandomStream): () => number {
  switch (service.kind) {
    case 'deterministic':
      return () => 1;
    case 'exponential':
      return () => random.exponential(1);
    case 'erlang':
      return () => {
        let sum = 0;
        for (let stage = 0; stage < service.shape; stage++) sum += random.exponential(1 / service.shape);
        return sum;
      };
    case 'hyperexponential': {
      const often = 0.5 * (1 + Math.sqrt((service.scv - 1) / (service.scv + 1)));
      return () => random.exponential(1 / (2 * (random.next() < often ? often : 1 - often)));
    }
    case 'lognormal': {
      const variance = Math.log1p(service.scv);
      const deviation = Math.sqrt(variance);
      return () => Math.exp(deviation * random.normal() - variance / 2);
    }
    case 'measured':
      if ('samples' in service) return () => service.samples[random.integer(service.samples.length)] as number;
      break;
    case 'gamma': {
      // By inversion on a fine table: the gamma distribution has no closed form, and its tails matter here.
      const size = 1 << 16;
      const table = Float64Array.from({ length: size }, (_, i) => serviceQuantileSec(service, (i + 0.5) / size));
      return () => table[random.integer(size)] as number;
    }
  }
  throw new Error(`no sampler for ${service.kind}`);
}
