import { durationText, type Snapshot, timestamp } from '@capplan/contracts';
import type { Decision } from '@capplan/planning';
import type { DecisionLoop } from '../decision-loop.ts';
import type { Controller, PoolView } from './controller.ts';

/** The real decision code as a controller of a simulated pool. */
export function createPlanner(options: {
  loop: DecisionLoop;
  poolId: string;
  concurrency: number;
  /** Start of the run, ms since epoch. */
  startMs: number;
  everySec: number;
  initialWorkers: number;
  /** Told every decision, and when it was made. */
  onDecision?: (decision: Decision, atSec: number) => void;
}): Controller {
  const { loop, startMs, everySec, initialWorkers, onDecision } = options;
  return {
    name: 'capplan',
    everySec,
    initialWorkers,
    decide: (view) => {
      const decision = loop.decide(snapshotOf(view, { ...options, nowMs: startMs + view.atSec * 1000 }));
      onDecision?.(decision, view.atSec);
      return decision.targetWorkers;
    },
  };
}

/** What a collector would have reported of a simulated pool. */
export function snapshotOf(
  view: PoolView,
  { poolId, concurrency, nowMs }: { poolId: string; concurrency: number; nowMs: number },
): Snapshot {
  const serviceScv = Number.isNaN(view.serviceScv) ? 0 : view.serviceScv;
  const slots = view.readyWorkers * concurrency;
  const serviceMeanSec = Number.isNaN(view.serviceMeanSec) ? 0 : view.serviceMeanSec;
  // The simulator sums service times and their squares; a log-normal of the same two moments gives the quantiles.
  const deviation = Math.sqrt(Math.log(1 + serviceScv));
  const median = serviceMeanSec / Math.sqrt(1 + serviceScv);
  const busySlots = Math.min(view.busySlots, slots);
  return {
    pool: poolId,
    timestamp: timestamp(nowMs),
    interval_s: view.intervalSec,
    arrival_rate: view.arrivals / view.intervalSec,
    completion_rate: view.completions / view.intervalSec,
    service_rate: serviceMeanSec > 0 ? concurrency / serviceMeanSec : 0,
    service_time_mean_s: serviceMeanSec,
    service_time_scv: serviceScv,
    service_time_p50: durationText(median),
    service_time_p95: durationText(median * Math.exp(1.645 * deviation)),
    current_workers: view.readyWorkers,
    starting_workers: view.startingWorkers,
    busy_slots: busySlots,
    slots,
    utilization: slots > 0 ? busySlots / slots : 0,
    backlog: view.waiting,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
  };
}
