import type { QueueInput } from './mmc.ts';
import { requireNumber } from './require-number.ts';

/** The steady state of a queue with room for a limited number of jobs; it exists at any load. */
export interface FiniteQueueSolution {
  /** Share of jobs turned away because the system is full. */
  readonly lossProbability: number;
  /** Share of the accepted jobs that wait. */
  readonly waitProbability: number;
  readonly queueLengthMean: number;
  readonly jobsMean: number;
  /** Mean wait of accepted jobs. */
  readonly waitSecMean: number;
  readonly responseSecMean: number;
  /** Busy servers / servers. */
  readonly utilization: number;
}

/**
 * What does a limit on the number of jobs in the system do? (M/M/c/K, exact)
 *
 * @param query.capacity room for this many jobs, those in service included; whole, ≥ servers. Equal to servers: Erlang's loss system.
 * @example solveMmck({ arrivalRatePerSec: 1, serviceTimeSecMean: 1, servers: 1, capacity: 2 }).lossProbability // 1/3
 * @see Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 4th ed., section 2.5
 */
export function solveMmck(query: QueueInput & { readonly capacity: number }): FiniteQueueSolution {
  const { arrivalRatePerSec, serviceTimeSecMean, servers: c, capacity } = query;
  requireNumber('arrivalRatePerSec', arrivalRatePerSec, { min: 0 });
  requireNumber('serviceTimeSecMean', serviceTimeSecMean, { above: 0 });
  requireNumber('servers', c, { min: 1, max: 1e7, whole: true });
  requireNumber('capacity', capacity, { min: c, max: 1e7, whole: true });
  const a = arrivalRatePerSec * serviceTimeSecMean;
  const ρ = a / c;
  // Weights relative to the state "all servers busy, nobody waits", so that neither a^n nor n! is ever formed.
  let below = 0;
  let weight = 1;
  for (let n = c; n > 0 && weight > 0; n--) {
    weight = a === 0 ? 0 : (weight * n) / a;
    if (!Number.isFinite(weight)) return idle();
    below += weight;
    if (below > 1e300) return idle();
    if (n < a && weight < 1e-18 * below) break;
  }
  if (a === 0) return idle();
  let waiting = 0;
  let queueWeighted = 0;
  let last = 1;
  weight = 1;
  const room = capacity - c;
  // At overload the weights grow; dividing by the largest keeps them within range.
  const scale = ρ > 1 ? ρ ** -room : 1;
  for (let k = 1; k <= room; k++) {
    weight = ρ > 1 ? ρ ** (k - room) : weight * ρ;
    waiting += weight;
    queueWeighted += weight * k;
    last = weight;
  }
  if (room === 0) last = 1;
  const total = below * scale + scale + waiting;
  const lossProbability = last / total;
  const accepted = 1 - lossProbability;
  const queueLengthMean = queueWeighted / total;
  const busyMean = a * accepted;
  const acceptedRate = arrivalRatePerSec * accepted;
  const waitSecMean = queueLengthMean / acceptedRate;
  return {
    lossProbability,
    waitProbability: Math.max(0, (scale + waiting - last) / total) / accepted,
    queueLengthMean,
    jobsMean: queueLengthMean + busyMean,
    waitSecMean,
    responseSecMean: waitSecMean + serviceTimeSecMean,
    utilization: busyMean / c,
  };

  function idle(): FiniteQueueSolution {
    return {
      lossProbability: 0,
      waitProbability: 0,
      queueLengthMean: 0,
      jobsMean: a,
      waitSecMean: 0,
      responseSecMean: serviceTimeSecMean,
      utilization: ρ,
    };
  }
}
