import { betaExceedance, type ServiceDistribution, serviceExceedance } from '@capplan/queueing';

/** Probability that one minute misses its objective when its jobs waited `waitSec`. */
export interface MissCurve {
  /** Waits of the table's entries are `i × stepSec`. */
  readonly stepSec: number;
  readonly table: Float64Array;
}

/** The objective: 95 % of the jobs of a minute within it. */
const lateShareAllowed = 0.05;

/**
 * How the wait in front of a pool becomes a missed minute.
 *
 * A job that waits w is late with probability P(S > target − w), or surely when w alone exceeds the target of a wait
 * objective; a minute misses as `missChance` says.
 *
 * @param jobsPerWindow jobs expected in one minute, ≥ 0
 */
export function missCurve(options: {
  service: ServiceDistribution;
  latencySec: number;
  latencyOf: 'response' | 'wait';
  jobsPerWindow: number;
}): MissCurve {
  const { service, latencySec, latencyOf, jobsPerWindow } = options;
  const entries = 49;
  const stepSec = (1.2 * latencySec) / (entries - 1);
  const table = new Float64Array(entries);
  for (let i = 0; i < entries; i++) {
    const waitSec = i * stepSec;
    const late =
      latencyOf === 'wait' ? (waitSec > latencySec ? 1 : 0) : serviceExceedance(service, latencySec - waitSec);
    table[i] = missChance({ mean: late, variance: 0, jobs: jobsPerWindow });
  }
  return { stepSec, table };
}

export function missAt(curve: MissCurve, waitSec: number): number {
  const at = waitSec / curve.stepSec;
  const low = Math.floor(at);
  const last = curve.table.length - 1;
  if (low >= last) return curve.table[last] as number;
  const share = at - low;
  return (1 - share) * (curve.table[low] as number) + share * (curve.table[low + 1] as number);
}

/**
 * P(more than the allowed share of a minute's jobs is late), where the chance of each is a random one for the whole minute.
 *
 * Where that chance varies little, late jobs are counted: a gamma mixture of Poisson counts, which is negative binomial. Where
 * it varies much, the minute is good or bad as a whole: a beta distribution. In between the two are weighed by how much of the
 * greatest possible variance there is.
 */
export function missChance(late: { mean: number; variance: number; jobs: number }): number {
  const { mean, variance, jobs } = late;
  if (mean < 1e-9 || jobs <= 0) return 0;
  if (mean > 1 - 1e-9) return 1 - Math.exp(-jobs);
  const widest = mean * (1 - mean);
  const share = Math.min(1, variance / widest);
  // Jobs that make a minute bad: one more than the allowed share of a number that is itself a matter of chance.
  const lateJobs = Math.max(1, lateShareAllowed * jobs + 0.5);
  const shape = Math.min(1e6, (mean * mean) / Math.max(variance, 1e-12));
  const counted = betaExceedance({ alpha: shape, beta: lateJobs }, shape / (shape + mean * jobs));
  const size = 1 / Math.min(1 - 1e-6, share + 1 / Math.max(1, jobs)) - 1;
  const asOne = betaExceedance({ alpha: mean * size, beta: (1 - mean) * size }, lateShareAllowed);
  return (1 - share) * counted + share * asOne;
}
