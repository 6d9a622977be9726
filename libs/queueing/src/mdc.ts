import { poissonMass } from './poisson-mass.ts';
import { requireNumber } from './require-number.ts';

/** Mean wait and probability of waiting with constant service times. */
export interface ConstantServiceQueue {
  readonly waitProbability: number;
  /** Mean wait over all jobs, in service times. */
  readonly waitMean: number;
}

/** Bounds the work. Enough for ten digits while 1 - ρ is above 0.006/√c; nearer to full load the sum is cut short. */
const TERMS_MAX = 2_000_000;

/**
 * Exact mean wait and waiting probability when every job takes the same time (M/D/c).
 *
 * With constant service each server takes every c-th job, so a job waits like one in a single-server queue whose
 * arrivals are Erlang-c apart, and Spitzer's identity gives both figures as sums over n of Poisson tails:
 * E[W] = Σ P(N ≥ nc) - P(N ≥ nc + 1)/ρ and P(W = 0) = exp(-Σ P(N > nc - 1)/n), N Poisson of mean n·a.
 *
 * Costs a Poisson tail for each n up to about 70 / (c (1 - ρ)²): for tables and tests rather than inside a search.
 *
 * @param load offeredLoadErlangs in [0, servers)
 * @example constantServiceQueue({ offeredLoadErlangs: 0.5, servers: 1 }).waitMean // 0.5
 * @see Erlang 1909; Franx, A simple solution for the M/D/c waiting time distribution, Operations Research Letters 29, 2001
 */
export function constantServiceQueue(load: { offeredLoadErlangs: number; servers: number }): ConstantServiceQueue {
  const { offeredLoadErlangs: a, servers: c } = load;
  requireNumber('servers', c, { min: 1, max: 1e6, whole: true });
  requireNumber('offeredLoadErlangs', a, { min: 0, max: c * (1 - 1e-9) });
  if (a === 0) return { waitProbability: 0, waitMean: 0 };
  // With one server both sums are known: Pollaczek and Khinchin.
  if (c === 1) return { waitProbability: a, waitMean: a / (2 * (1 - a)) };
  let waitMean = 0;
  let logEmpty = 0;
  for (let n = 1; n <= TERMS_MAX; n++) {
    const { mass, tail } = poissonTail(n * c, n * a);
    // P(N ≥ m) and P(N ≥ m + 1) = P(N ≥ m) - mass; written so that the two large parts do not cancel.
    const term = tail - ((tail - mass) * c) / a;
    waitMean += term;
    logEmpty += tail / n;
    if (term < 1e-13 * waitMean && tail / n < 1e-13 * logEmpty) break;
  }
  return { waitProbability: -Math.expm1(-logEmpty), waitMean };
}

/** P(N = m) and P(N ≥ m) for N Poisson with a mean below m. */
function poissonTail(m: number, mean: number): { mass: number; tail: number } {
  const mass = poissonMass({ count: m, mean });
  let term = 1;
  let sum = 1;
  for (let k = m + 1; term > sum * 1e-17; k++) {
    term *= mean / k;
    sum += term;
  }
  return { mass, tail: mass * sum };
}
