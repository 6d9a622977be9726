import { poissonMass } from './poisson-mass.ts';
import { requireNumber } from './require-number.ts';

/** Load and servers of a queue: a = arrival rate × mean service time, c servers. */
export interface OfferedLoad {
  /** Arrival rate × mean service time, in erlangs, ≥ 0. */
  readonly offeredLoadErlangs: number;
  /** Whole number; ≥ 0 for blocking, ≥ 1 for waiting. */
  readonly servers: number;
}

/** Up to here the plain recursion is the fastest way, and exact to the last digits. */
const RECURSION_MAX = 60;

/**
 * Probability that an arriving job finds all servers busy and is turned away (Erlang B, M/G/c/c).
 *
 * Assumes Poisson arrivals and that a blocked job is lost; holds for any distribution of service times.
 * Relative accuracy about 1e-12 from 1 to 1,000,000 servers, any load, overload included. The cost is
 * of the order √servers: about 1 µs at 1,000 and 25 µs at 1,000,000.
 *
 * B = P(N = c) / P(N ≤ c) with N Poisson of mean a. Below c = 60 by B(n) = aB(n-1) / (n + aB(n-1)); above it, the
 * sum on the shorter side of the Poisson distribution, taken relative to the mass at c.
 *
 * @returns value in [0, 1]; 1 without servers, 0 without load
 * @example blockingProbability({ offeredLoadErlangs: 2, servers: 2 }) // 0.4
 * @see Cooper, Introduction to Queueing Theory, 2nd ed., 1981, ch. 3
 */
export function blockingProbability({ offeredLoadErlangs: a, servers: c }: OfferedLoad): number {
  requireNumber('offeredLoadErlangs', a, { min: 0 });
  requireNumber('servers', c, { min: 0, whole: true });
  return erlangB(a, c);
}

/**
 * Probability that an arriving job must wait in an M/M/c queue (Erlang C).
 *
 * Assumes Poisson arrivals, exponential service times and one shared queue. For other service times it is within
 * about 12 %; `solveMgc` corrects for that. Real traffic is usually burstier than Poisson: see `solveGigc`.
 *
 * @returns value in [0, 1]; exactly 1 when offeredLoadErlangs ≥ servers (the queue never drains)
 * @example waitProbability({ offeredLoadErlangs: 2, servers: 3 }) // 4/9
 * @see Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 4th ed., ch. 2
 */
export function waitProbability({ offeredLoadErlangs: a, servers: c }: OfferedLoad): number {
  requireNumber('offeredLoadErlangs', a, { min: 0 });
  requireNumber('servers', c, { min: 1, whole: true });
  return erlangC(a, c);
}

/** Erlang B without the check of its arguments, for searches. */
export function erlangB(a: number, c: number): number {
  if (c === 0) return 1;
  if (a === 0) return 0;
  if (c <= RECURSION_MAX) {
    // 1/B grows where B would underflow, so the recursion runs on the inverse.
    let inverse = 1;
    for (let n = 1; n <= c; n++) inverse = 1 + (n / a) * inverse;
    return 1 / inverse;
  }
  if (c <= a) {
    let term = 1;
    let sum = 1;
    for (let n = c; n > 0 && term > sum * 1e-17; n--) {
      term *= n / a;
      sum += term;
    }
    return 1 / sum;
  }
  const mass = poissonMass({ count: c, mean: a });
  let term = 1;
  let above = 0;
  for (let n = c + 1; term > above * 1e-17; n++) {
    term *= a / n;
    above += term;
  }
  return mass / (1 - mass * above);
}

/** Erlang C without the check of its arguments, for searches. */
export function erlangC(a: number, c: number): number {
  if (a >= c) return 1;
  const blocking = erlangB(a, c);
  return (c * blocking) / (c - a + a * blocking);
}
