import { type FluidOutcome, type FluidPaths, type FluidPool, runPaths } from './fluid-queue.ts';
import type { Present } from './present.ts';

/** How candidates are priced. Money in workers for one minute, so that one set of constants serves every pool. */
export interface Pricing {
  /** Cost of one missed minute, in worker-minutes. */
  missedMinute: number;
  /** Cost of moving one worker up or down, worker-minutes. */
  movedUp: number;
  movedDown: number;
  /** Cost of leaving one allowed wait's worth of backlog behind, in missed minutes. */
  leftover: number;
}

export interface Candidate {
  workers: number;
  /** Expected cost over the horizon in worker-minutes. */
  cost: number;
  outcome: FluidOutcome;
}

export interface CandidateField {
  present: Present;
  /** Attempts per second that scale-in has to count on, see `rateToKeep`. */
  keptRatePerSec: number;
  /** Whether the policy lets the pool stand empty, and nothing has come for five minutes. */
  mayBeEmpty: boolean;
  concurrency: number;
  /** The step in which a worker ordered now takes its first jobs. */
  reachFrom: number;
  startupDelaySec: number;
  fluid: FluidPool;
  demand: FluidPaths;
  pricing: Pricing;
}

/** Workers that take jobs during each step when `workers` are ordered now. */
export function capacityAhead(field: CandidateField, workers: number): Float64Array {
  const { present, demand, startupDelaySec } = field;
  const capacity = new Float64Array(demand.steps);
  for (let s = 0; s < demand.steps; s++) {
    const fromSec = s * demand.stepSec;
    let there = present.readyWorkers;
    for (const batch of present.starting)
      there += batch.workers * shareOfStep(batch.readyInSec, fromSec, demand.stepSec);
    if (workers > present.orderedWorkers) {
      there += (workers - present.orderedWorkers) * shareOfStep(startupDelaySec, fromSec, demand.stepSec);
    }
    capacity[s] = Math.min(there, workers);
  }
  return capacity;
}

function shareOfStep(readyInSec: number, fromSec: number, stepSec: number): number {
  return Math.min(1, Math.max(0, (fromSec + stepSec - readyInSec) / stepSec));
}

/** Prices one count: workers that run, minutes that are missed, backlog that is left. */
export function price(field: CandidateField, workers: number): Candidate {
  const { demand, pricing, concurrency } = field;
  const capacity = capacityAhead(field, workers);
  let workerMinutes = 0;
  for (let s = 0; s < demand.steps; s++) workerMinutes += (capacity[s] as number) * (demand.stepSec / 60);
  for (let s = 0; s < demand.steps; s++) capacity[s] = (capacity[s] as number) * concurrency;
  const outcome = runPaths(field.fluid, demand, capacity, field.reachFrom);
  const moved = workers - field.present.orderedWorkers;
  const cost =
    workerMinutes +
    (moved > 0 ? pricing.movedUp * moved : -pricing.movedDown * moved) +
    pricing.missedMinute *
      (outcome.missedMinutes + pricing.leftover * outcome.leftoverMinutes + outcome.overhangMinutes);
  return { workers, cost, outcome };
}

/**
 * The cheapest count between two bounds: a coarse look at the whole range, then ever finer around the best.
 *
 * The cost is close to convex in the count, not quite: a narrow dip between two looks of the first pass is missed.
 */
export function cheapest(field: CandidateField, low: number, high: number): { best: Candidate; priced: Candidate[] } {
  const priced = new Map<number, Candidate>();
  const look = (workers: number): Candidate => {
    let candidate = priced.get(workers);
    if (candidate === undefined) {
      candidate = price(field, workers);
      priced.set(workers, candidate);
    }
    return candidate;
  };
  const current = Math.min(high, Math.max(low, field.present.orderedWorkers));
  let best = look(current);
  let from = low;
  let to = high;
  for (let pass = 0; pass < 12; pass++) {
    const stride = Math.max(1, Math.ceil((to - from) / 6));
    for (let workers = from; workers <= to; workers += stride) {
      const candidate = look(workers);
      if (candidate.cost < best.cost) best = candidate;
    }
    if (stride === 1) break;
    from = Math.max(low, best.workers - stride + 1);
    to = Math.min(high, best.workers + stride - 1);
  }
  return { best, priced: [...priced.values()].sort((a, b) => a.workers - b.workers) };
}
