import { erlangC } from './erlang.ts';
import { exceedanceQuantile } from './exceedance-quantile.ts';
import { type QueueResult, type QueueSolution, unstableQueue } from './queue-solution.ts';
import { requireNumber } from './require-number.ts';

/** What a queue is offered, and who serves it. */
export interface QueueInput {
  /** Jobs offered per second (λ), ≥ 0. */
  readonly arrivalRatePerSec: number;
  /** Mean time a job holds a server (E[S] = 1/μ), in seconds, > 0. */
  readonly serviceTimeSecMean: number;
  /** Whole number (c), ≥ 1. */
  readonly servers: number;
}

/**
 * How long do jobs wait, when arrivals are Poisson and service times exponential? (M/M/c, exact)
 *
 * One shared queue, first come first served. Breaks when service times are much more or much less variable than
 * exponential (`solveMgc`) and when traffic is burstier than Poisson (`solveGigc`). One server gives M/M/1.
 *
 * Wait: P(W > t) = C e^(-θt) with θ = cμ - λ and C from Erlang. Response: exponential service convolved with it.
 *
 * @returns the solution, or `unstable_queue` when the offered load reaches the servers
 * @example
 * const answer = solveMmc({ arrivalRatePerSec: 2, serviceTimeSecMean: 1, servers: 3 });
 * if (answer.ok) answer.queue.waitSecMean; // 4/9
 * @see Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 4th ed., section 2.3
 */
export function solveMmc({ arrivalRatePerSec, serviceTimeSecMean, servers }: QueueInput): QueueResult {
  requireNumber('arrivalRatePerSec', arrivalRatePerSec, { min: 0 });
  requireNumber('serviceTimeSecMean', serviceTimeSecMean, { above: 0 });
  requireNumber('servers', servers, { min: 1, whole: true });
  const a = arrivalRatePerSec * serviceTimeSecMean;
  if (a >= servers) return unstableQueue(a, servers);
  return { ok: true, queue: mmcQueue(a, servers, serviceTimeSecMean) };
}

/** The solution itself, for a < c already known. */
export function mmcQueue(a: number, c: number, serviceTimeSecMean: number): QueueSolution {
  const C = erlangC(a, c);
  const μ = 1 / serviceTimeSecMean;
  const θ = (c - a) * μ;
  const waitSecMean = C / θ;
  const queueLengthMean = (C * a) / (c - a);
  const responseExceedance = (t: number) => {
    if (t < 0) return 1;
    return (1 - C) * Math.exp(-μ * t) + C * exponentialSumExceedance(μ, θ, t);
  };
  return {
    model: 'M/M/c',
    servers: c,
    offeredLoadErlangs: a,
    utilization: a / c,
    waitProbability: C,
    queueLengthMean,
    jobsMean: queueLengthMean + a,
    waitSecMean,
    responseSecMean: waitSecMean + serviceTimeSecMean,
    waitExceedance: (t) => (t < 0 ? 1 : C * Math.exp(-θ * t)),
    responseExceedance,
    waitSecQuantile: (p) => {
      requireNumber('p', p, { min: 0, max: 1 - Number.EPSILON });
      return 1 - p >= C ? 0 : Math.log(C / (1 - p)) / θ;
    },
    responseSecQuantile: (p) => {
      requireNumber('p', p, { min: 0, max: 1 - Number.EPSILON });
      return exceedanceQuantile(responseExceedance, p, serviceTimeSecMean + C / θ);
    },
  };
}

/** P(X + Y > t) for independent exponentials of rates μ and θ, equal ones included. */
function exponentialSumExceedance(μ: number, θ: number, t: number): number {
  const d = μ - θ;
  const x = d * t;
  // Near equality (θe^(-μt) - μe^(-θt))/(θ - μ) is 0/0; expm1 gives its limit (1 + μt) e^(-μt) without loss.
  if (x < 1 && x > -1) return Math.exp(-μ * t) * (1 + μ * t * (x === 0 ? 1 : Math.expm1(x) / x));
  return (μ * Math.exp(-θ * t) - θ * Math.exp(-μ * t)) / d;
}
