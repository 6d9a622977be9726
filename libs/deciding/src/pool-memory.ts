import type { Forecast, Policy, Requirement, Snapshot } from '@capplan/contracts';
import {
  createRecentLoad,
  createServiceEstimate,
  type DecisionInput,
  type ExecutorCaps,
  observeRecentLoad,
  observeService,
  type PastChange,
  type PoolFacts,
  type RecentLoad,
  type ServiceEstimate,
} from '@capplan/planning';
import { noSpending, type Spending, spend } from './spending.ts';

/** What a decision remembers of a pool's measurements beyond the newest. Changed in place by `observeSnapshot`. */
export interface PoolMemory {
  service: ServiceEstimate;
  recent: RecentLoad;
  spending: Spending;
  /** False while the money spent before this memory began is unknown. */
  isSpendingKnown: boolean;
  /** End of the newest interval taken in, ms since the epoch; 0 before the first. */
  untilMs: number;
  /** Whether it is the first that ends in its minute: a late snapshot, or one of several missing, costs no minute. */
  isFirstLook: boolean;
}

/** @param isSpendingKnown whether nothing can have been spent before in this hour and month */
export function createPoolMemory(nowMs: number, { isSpendingKnown = false } = {}): PoolMemory {
  return {
    service: createServiceEstimate(),
    recent: createRecentLoad(),
    spending: noSpending(nowMs),
    isSpendingKnown,
    untilMs: 0,
    isFirstLook: true,
  };
}

/** What a pool costs an hour: as its source says, else its workers, those that start included, at the pool's price. */
export function costPerHourOf(snapshot: Snapshot, workerCostPerHour: number): number {
  const workers = snapshot.current_workers + snapshot.starting_workers;
  return snapshot.cost_per_hour ?? workers * workerCostPerHour;
}

/**
 * Takes one snapshot in, once: the same again, or an older one, changes nothing.
 *
 * @returns whether it was new
 */
export function observeSnapshot(memory: PoolMemory, snapshot: Snapshot, workerCostPerHour: number): boolean {
  const endMs = Date.parse(snapshot.timestamp);
  if (!(endMs > memory.untilMs)) return false;
  memory.isFirstLook = minuteOf(endMs) !== minuteOf(memory.untilMs);
  memory.untilMs = endMs;
  const lengthMs = 1000 * snapshot.interval_s;
  const costPerHour = costPerHourOf(snapshot, workerCostPerHour);
  memory.spending = spend(memory.spending, { endMs, lengthMs, costPerHour });
  observeService(memory.service, snapshot);
  observeRecentLoad(memory.recent, snapshot);
  return true;
}

function minuteOf(ms: number): number {
  return Math.floor(ms / 60_000);
}

/** What a decision is made from, beside what is remembered. */
export interface DecisionFacts {
  nowMs: number;
  pool: PoolFacts;
  policy: Policy;
  snapshot: Snapshot;
  forecast: Forecast | undefined;
  requirement: Requirement | undefined;
  /** Changes really made, any order; those of the last hour are enough. */
  changes: readonly PastChange[];
  caps: ExecutorCaps | undefined;
}

/** Everything that `decide` looks at; whoever decides for a pool, live or replayed, asks it through this. */
export function decisionInput(memory: PoolMemory, facts: DecisionFacts): DecisionInput {
  const { nowMs, snapshot, forecast, requirement, changes, caps, pool, policy } = facts;
  const { service, recent, spending, isSpendingKnown } = memory;
  return {
    nowMs,
    pool,
    policy,
    snapshot,
    ...(forecast && { forecast }),
    ...(requirement && { requirement }),
    ...(caps && { caps }),
    service,
    recent,
    history: {
      changes,
      ...(isSpendingKnown && { spentThisHour: spending.hour.spent, spentThisMonth: spending.month.spent }),
    },
    isFirstLook: memory.isFirstLook,
    dataAgeSec: Math.max(0, nowMs - Date.parse(snapshot.timestamp)) / 1000,
  };
}
