import { type QueueSolution, type ServiceDistribution, serviceExceedance, solveMgc } from '@capplan/queueing';
import { missChance } from './late-share.ts';

/** What the chance of a missed minute in a steady pool depends on besides load and servers. */
export interface SteadyPool {
  serviceMeanSec: number;
  serviceScv: number;
  latencySec: number;
  latencyOf: 'response' | 'wait';
}

const minuteSec = 60;

/**
 * The chance that a minute of a queue in its steady state misses its objective.
 *
 * Late jobs come together: a job that waits w is late with probability h(w) = P(S > target - w), and the waits of one minute
 * are alike. With W from M/G/c, the late share of a minute has the mean q = E h(W) and the variance
 * Var h(W) · (2τ/T)(1 - τ/T (1 - e^(-T/τ))) + q(1 - q) / n: that of an exponentially correlated process averaged over the
 * minute T, and of n jobs. `missChance` makes a probability of them.
 *
 * τ is the relaxation time E[S](1 + scv) / 2 / (√c - √a)² of the queue times ½(1 - q)²: the waits of busy moments end sooner
 * than the queue forgets. The factor is fitted to simulated queues; see the tests for how near it comes.
 */
export function steadyMiss(pool: SteadyPool, loadErlangs: number, servers: number): number {
  if (!(loadErlangs > 0)) return 0;
  if (servers <= loadErlangs) return 1;
  const { serviceMeanSec: meanSec, serviceScv: scv } = pool;
  const service = { kind: 'lognormal', meanSec, scv } as const;
  const solved = solveMgc({ arrivalRatePerSec: loadErlangs / meanSec, service, servers });
  if (!solved.ok) return 1;
  const { mean, variance } = lateness(pool, service, solved.queue);
  const tau = (0.5 * (1 - mean) ** 2 * relaxationSec(pool, loadErlangs, servers)) / minuteSec;
  const together = Math.min(1, 2 * tau * (1 - tau * (1 - Math.exp(-1 / tau))));
  const jobs = (loadErlangs / meanSec) * minuteSec;
  return missChance({ mean, variance: variance * together, jobs });
}

/** How long the queue remembers, seconds: the relaxation time of M/M/c, longer for long services in between. */
export function relaxationSec(
  { serviceMeanSec, serviceScv }: SteadyPool,
  loadErlangs: number,
  servers: number,
): number {
  return (serviceMeanSec * (1 + serviceScv)) / 2 / (Math.sqrt(servers) - Math.sqrt(loadErlangs)) ** 2;
}

const waitsLookedAt = 24;

/** Mean and variance of the probability that a job is late given its wait: E h(W) and Var h(W). */
function lateness({ latencySec, latencyOf }: SteadyPool, service: ServiceDistribution, queue: QueueSolution) {
  if (latencyOf === 'wait') {
    const mean = queue.waitExceedance(latencySec);
    return { mean, variance: mean * (1 - mean) };
  }
  // E h^k = h(0)^k + ∫ P(W > w) d(h^k), over the waits up to the target, beyond which a job is late for sure.
  let before = serviceExceedance(service, latencySec);
  let mean = before;
  let square = before * before;
  for (let i = 1; i <= waitsLookedAt; i++) {
    const waitSec = (latencySec * i) / waitsLookedAt;
    const late = i === waitsLookedAt ? 1 : serviceExceedance(service, latencySec - waitSec);
    const weight = queue.waitExceedance(waitSec - latencySec / waitsLookedAt / 2);
    mean += weight * (late - before);
    square += weight * (late * late - before * before);
    before = late;
  }
  return { mean, variance: Math.max(0, square - mean * mean) };
}
