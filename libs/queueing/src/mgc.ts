import { ConditionalWait } from './conditional-wait.ts';
import { erlangC } from './erlang.ts';
import { exceedanceQuantile } from './exceedance-quantile.ts';
import { constantServiceQueue } from './mdc.ts';
import { mmcQueue } from './mmc.ts';
import { type QueueModel, type QueueResult, type QueueSolution, unstableQueue } from './queue-solution.ts';
import { requireNumber } from './require-number.ts';
import { serviceBins } from './service-bins.ts';
import { isExponential, requireService, type ServiceDistribution, serviceMeanSec } from './service-distribution.ts';
import { type ServiceShape, serviceShape } from './service-shape.ts';
import { constantServiceEffect, variabilityIndex } from './wait-correction.ts';

/** What a queue with any service distribution is offered, and who serves it. */
export interface GeneralQueueInput {
  /** Jobs offered per second (λ), ≥ 0. */
  readonly arrivalRatePerSec: number;
  /** How long a job holds a server. */
  readonly service: ServiceDistribution;
  /** Whole number (c), ≥ 1. */
  readonly servers: number;
}

/** Where the exact sum for constant service would take longer than this many Poisson tails, the approximation stands. */
const EXACT_TAILS_MAX = 400;

/**
 * How long do jobs wait when service times have any distribution? (M/G/c)
 *
 * Poisson arrivals, one shared queue, first come first served. Exact for exponential service, within 1 % for one
 * server; for the rest an approximation whose errors stand in docs/benchmarks.md: about 2 % in the mean wait and 2 to 4 % in its
 * high quantiles, scv 0 to 16. Breaks with traffic burstier than Poisson: `solveGigc`.
 *
 * The response is the wait plus an independent service time: that is exact, so that it is as right as the service
 * distribution is; where many servers make waits short, the distribution is what matters.
 *
 * @returns the solution, or `unstable_queue` when the offered load reaches the servers
 * @throws RangeError for arguments out of range
 * @example
 * const service = { kind: 'lognormal', meanSec: 2, scv: 4 } as const;
 * const answer = solveMgc({ arrivalRatePerSec: 4, service, servers: 10 });
 * if (answer.ok) answer.queue.responseSecQuantile(0.95);
 */
export function solveMgc({ arrivalRatePerSec, service, servers }: GeneralQueueInput): QueueResult {
  requireNumber('arrivalRatePerSec', arrivalRatePerSec, { min: 0 });
  requireNumber('servers', servers, { min: 1, whole: true });
  requireService(service);
  const a = arrivalRatePerSec * serviceMeanSec(service);
  if (a >= servers) return unstableQueue(a, servers);
  return { ok: true, queue: mgcQueue(a, servers, service) };
}

/** The solution itself, for a < c already known; a search does without the exact sums for constant service. */
export function mgcQueue(a: number, c: number, service: ServiceDistribution, { isSearch = false } = {}): QueueSolution {
  const meanSec = serviceMeanSec(service);
  if (isExponential(service)) return mmcQueue(a, c, meanSec);
  const shape = serviceShape(service);
  const utilization = a / c;
  const conditional = new ConditionalWait(shape, { utilization, servers: c });
  if (!isSearch && shape.scv === 0 && canSumExactly(a, c)) {
    const exact = constantServiceQueue({ offeredLoadErlangs: a, servers: c });
    // Where nobody waits to sixteen digits, the quotient has no digits left.
    const stretch = exact.waitProbability < 1e-16 ? 1 : exact.waitMean / exact.waitProbability / conditional.mean;
    return queueFrom({ model: 'M/D/c', a, c, meanSec, shape, pWait: exact.waitProbability, conditional, stretch });
  }
  const pWait = mgcWaitProbability(a, c, shape);
  return queueFrom({ model: 'M/G/c', a, c, meanSec, shape, pWait, conditional, stretch: 1 });
}

/** P(wait) of M/G/c: Erlang C, corrected for the service distribution. */
function mgcWaitProbability(a: number, c: number, shape: ServiceShape): number {
  return Math.min(1, erlangC(a, c) * Math.exp(variabilityIndex(shape) * constantServiceEffect(a / c, c)));
}

function canSumExactly(a: number, c: number): boolean {
  const idle = 1 - a / c;
  return 70 / (c * idle * idle) < EXACT_TAILS_MAX && c < 2000;
}

/** Puts a probability of waiting, a conditional wait and a service time together. */
export function queueFrom(parts: {
  readonly model: QueueModel;
  readonly a: number;
  readonly c: number;
  readonly meanSec: number;
  readonly shape: ServiceShape;
  readonly pWait: number;
  readonly conditional: ConditionalWait;
  /** Factor on every wait. */
  readonly stretch: number;
}): QueueSolution {
  const { model, a, c, meanSec, shape, pWait, conditional, stretch } = parts;
  const waitUnitSec = meanSec * stretch;
  // Most of a search never looks at the mean.
  let known = Number.NaN;
  const waitSecMean = () => {
    if (Number.isNaN(known)) known = pWait * conditional.mean * waitUnitSec;
    return known;
  };
  const queueLengthMean = () => (a / meanSec) * waitSecMean();
  const waitExceedance = (t: number) => (t < 0 ? 1 : pWait * conditional.exceedance(t / waitUnitSec));
  const responseExceedance = (t: number) => {
    return responseTail(shape, t / meanSec, (wait) => conditional.exceedance(wait / stretch), pWait);
  };
  return {
    model,
    servers: c,
    offeredLoadErlangs: a,
    utilization: a / c,
    waitProbability: pWait,
    get queueLengthMean() {
      return queueLengthMean();
    },
    get jobsMean() {
      return queueLengthMean() + a;
    },
    get waitSecMean() {
      return waitSecMean();
    },
    get responseSecMean() {
      return waitSecMean() + meanSec;
    },
    waitExceedance,
    responseExceedance,
    waitSecQuantile: (p) => {
      requireNumber('p', p, { min: 0, max: 1 - Number.EPSILON });
      if (1 - p >= pWait) return 0;
      return conditional.quantile((1 - p) / pWait) * waitUnitSec;
    },
    responseSecQuantile: (p) => {
      requireNumber('p', p, { min: 0, max: 1 - Number.EPSILON });
      return exceedanceQuantile(responseExceedance, p, meanSec + waitSecMean());
    },
  };
}

/** A wait rarer than this adds nothing to a response. */
const NEGLIGIBLE = 1e-12;

/** P(W + S > x): the service alone, or a service of s ≤ x and a wait of more than x - s. In mean service times. */
function responseTail(shape: ServiceShape, x: number, waitTail: (x: number) => number, pWait: number): number {
  if (x < 0) return 1;
  const serviceTail = shape.exceedance(x);
  if (pWait === 0) return serviceTail;
  const { lower, upper, weight, mean, from } = serviceBins(shape);
  let low = 0;
  let high = mean.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((upper[middle] as number) > x) high = middle;
    else low = middle + 1;
  }
  let late = 0;
  if (low < mean.length) {
    // The slice that x cuts: only its part below x can still be late by waiting.
    const below = (from[low] as number) - serviceTail;
    const average = Math.min(mean[low] as number, ((lower[low] as number) + x) / 2);
    if (below > 0) late += below * waitTail(x - average);
  }
  // From the longest service down: the shorter it is, the longer the wait must be, until there is none so long.
  for (let i = low - 1; i >= 0; i--) {
    const tail = waitTail(x - (mean[i] as number));
    if (tail < NEGLIGIBLE) break;
    late += (weight[i] as number) * tail;
  }
  return Math.min(1, serviceTail + pWait * late);
}
