import { createRandomStream } from '@capplan/random';
import type { ArrivalTrace } from '@capplan/traces';

/** How arrivals lie inside an interval of the trace that is longer than one counting step. */
export type WithinInterval = 'interpolated' | 'held';

/** Arrivals to be replayed, counted over equal steps. */
export interface Demand {
  startMs: number;
  /** Seconds of one step; at most 60. */
  stepSec: number;
  /** Jobs that arrive in each step; they lie uniformly at random inside it. */
  counts: Int32Array;
  /** The rate each step was drawn from, per second: what an all-knowing controller would know. */
  ratesPerSec: Float64Array;
  /** Trace intervals that were not measured and were bridged by a straight line. */
  bridged: number;
}

/** Counting steps are no longer than this, so that a one-minute window never shares a step. */
const stepSecMax = 60;

/**
 * Turns rates into whole jobs: each interval of the trace gets its own count, rate × interval (rounded, the remainder
 * carried on), so that what is replayed is what was recorded.
 *
 * Inside an interval, jobs are placed independently, which makes them a Poisson process with that count given. With
 * `held` their density is flat, which is what a file of mean rates says and no more. That is also the harder case: at
 * the border of two long intervals demand jumps, though no real clock strikes so. `interpolated` lets the density
 * follow straight lines through the neighbours instead.
 *
 * Intervals that were not measured are bridged by a straight line between their neighbours: jobs did arrive, nobody
 * counted them.
 *
 * @param trace the stretch to replay, already at the size wanted; at least one measured interval
 * @example createDemand({ trace, seed: 1 }).counts
 */
export function createDemand(options: { trace: ArrivalTrace; within?: WithinInterval; seed: number | string }): Demand {
  const { trace, within = 'held', seed } = options;
  const { rates, bridged } = bridgeGaps(trace.ratesPerSec);
  const stepsPerInterval = Math.max(1, Math.ceil(trace.intervalSec / stepSecMax - 1e-9));
  const stepSec = trace.intervalSec / stepsPerInterval;
  const ratesPerSec = new Float64Array(rates.length * stepsPerInterval);
  const counts = new Int32Array(ratesPerSec.length);
  const shares = new Float64Array(stepsPerInterval);
  const random = createRandomStream(seed).fork('placement');

  let remainder = 0;
  for (const [i, rate] of rates.entries()) {
    const exact = rate * trace.intervalSec + remainder;
    const jobs = Math.round(exact);
    remainder = exact - jobs;
    fillShares(shares, within === 'held' ? [rate, rate, rate] : around(rates, i));
    const first = i * stepsPerInterval;
    for (let k = 0; k < stepsPerInterval; k++) {
      ratesPerSec[first + k] = (rate * (shares[k] as number) * trace.intervalSec) / stepSec;
    }
    place(counts, first, jobs, shares, () => random.next());
  }
  return { startMs: trace.startMs, stepSec, counts, ratesPerSec, bridged };
}

/** The rate at the interval's beginning, in its middle and at its end: a broken line whose mean is the interval's own. */
function around(rates: Float64Array, i: number): [number, number, number] {
  const rate = rates[i] as number;
  const begin = i > 0 ? ((rates[i - 1] as number) + rate) / 2 : rate;
  const end = i + 1 < rates.length ? ((rates[i + 1] as number) + rate) / 2 : rate;
  return [begin, Math.max(0, 2 * rate - (begin + end) / 2), end];
}

function fillShares(shares: Float64Array, [begin, middle, end]: [number, number, number]): void {
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    const place = (k + 0.5) / shares.length;
    const value = place < 0.5 ? begin + (middle - begin) * 2 * place : middle + (end - middle) * (2 * place - 1);
    shares[k] = value;
    sum += value;
  }
  for (let k = 0; k < shares.length; k++) shares[k] = sum > 0 ? (shares[k] as number) / sum : 1 / shares.length;
}

function place(counts: Int32Array, first: number, jobs: number, shares: Float64Array, next: () => number): void {
  if (shares.length === 1) {
    counts[first] = jobs;
    return;
  }
  const upTo = new Float64Array(shares.length);
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    sum += shares[k] as number;
    upTo[k] = sum;
  }
  for (let job = 0; job < jobs; job++) {
    const u = next() * sum;
    let k = Math.min(shares.length - 1, Math.floor((u / sum) * shares.length));
    while (k > 0 && (upTo[k - 1] as number) > u) k--;
    while (k < shares.length - 1 && (upTo[k] as number) <= u) k++;
    counts[first + k] = (counts[first + k] as number) + 1;
  }
}

function bridgeGaps(measured: Float64Array): { rates: Float64Array; bridged: number } {
  const rates = measured.slice();
  let bridged = 0;
  let known = -1;
  for (let i = 0; i <= rates.length; i++) {
    if (i < rates.length && Number.isNaN(rates[i] as number)) continue;
    for (let gap = known + 1; gap < i; gap++) {
      const left = known >= 0 ? (rates[known] as number) : (rates[i] as number);
      const right = i < rates.length ? (rates[i] as number) : left;
      rates[gap] = left + ((right - left) * (gap - known)) / (i - known);
      bridged++;
    }
    known = i;
  }
  if (rates.length === 0 || rates.some(Number.isNaN)) {
    throw new RangeError('the stretch to replay holds no measured interval');
  }
  return { rates, bridged };
}
