import { type ServiceDistribution, serviceExceedance } from '@capplan/queueing';

/** Probability that one minute misses its objective when its jobs waited `waitSec`. */
export interface MissCurve {
  /** Waits of the table's entries are `i × stepSec`. */
  readonly stepSec: number;
  readonly table: Float64Array;
}

/** The objective: 95 % of the jobs of a minute within it. */
export const lateShareAllowed = 0.05;

/**
 * How the wait in front of a pool becomes a missed minute.
 *
 * A job that waits w is late with probability P(S > target − w), or surely when w alone exceeds the target of a wait
 * objective. A minute of n jobs misses when more than 5 % of them are late; their number is taken as binomial and the
 * binomial as normal with continuity correction.
 *
 * @param jobsPerWindow jobs of one minute, ≥ 0
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
    table[i] = missProbability(late, Math.max(1, jobsPerWindow));
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

function missProbability(late: number, jobs: number): number {
  if (late >= 1) return 1;
  if (late <= 0) return 0;
  const allowed = Math.floor(lateShareAllowed * jobs) + 0.5;
  const deviation = Math.sqrt(jobs * late * (1 - late));
  return 1 - normalCdf((allowed - jobs * late) / Math.max(deviation, 1e-9));
}

/** Standard normal distribution; Abramowitz & Stegun 26.2.17, error below 7.5e-8. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const density = 0.3989422804014327 * Math.exp((-x * x) / 2);
  const tail =
    density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
