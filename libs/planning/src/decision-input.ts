import type { Forecast, Policy, Requirement, Snapshot } from '@capplan/contracts';
import type { HoldReason } from './decision.ts';
import type { ExecutorCaps } from './executable-target.ts';
import type { RecentLoad } from './recent-load.ts';
import type { ServiceEstimate } from './service-estimate.ts';

/** What a decision needs to know about the pool itself. */
export interface PoolFacts {
  /** `<namespace>/<name>`. */
  id: string;
  /** Slots of one worker: jobs it runs at a time, ≥ 1. */
  concurrency: number;
  /** From the order to the first job of a new worker, seconds, ≥ 0. */
  startupDelaySec: number;
  /** Money for one worker for one hour, ≥ 0. */
  workerCostPerHour: number;
  tags: readonly string[];
  /** Mean service time to go by until one has been measured, seconds. */
  serviceTimeHintSec?: number;
}

/** One change of the ordered number of workers that has really been made. */
export interface PastChange {
  timeMs: number;
  fromWorkers: number;
  toWorkers: number;
}

export interface DecisionHistory {
  /** Changes made, any order; those of the last hour are enough. */
  changes: readonly PastChange[];
  /** Money spent on workers since the start of this clock hour and calendar month (UTC), when known. */
  spentThisHour?: number;
  spentThisMonth?: number;
}

/** A count that is named from outside the rules: by a person, or by what stands between a decision and the pool. */
export interface NamedCount {
  workers: number;
  /** Who names it, as it stands in the explanation. */
  rule: string;
  /** Why, as a clause. */
  detail: string;
  /** Set where this keeps the pool from what is wanted. */
  hold?: HoldReason;
}

/** Everything a decision looks at. It reads no clock and no state of its own. */
export interface DecisionInput {
  nowMs: number;
  pool: PoolFacts;
  policy: Policy;
  /** The newest measurement; undefined when there has never been one. */
  snapshot: Snapshot | undefined;
  /** Demand ahead. With `paths` the decision is made under uncertainty; without, from `mean` or the snapshot alone. */
  forecast?: Forecast;
  requirement?: Requirement;
  /** Service times over more than the one interval of the snapshot; much steadier, see `observeService`. */
  service?: ServiceEstimate;
  /** Demand of the last minutes, see `observeRecentLoad`; without it a surprising fall of demand is not followed. */
  recent?: RecentLoad;
  history: DecisionHistory;
  /** Whether no earlier snapshot lies in the snapshot's minute; by default, whether its interval began before that minute did. */
  isFirstLook?: boolean;
  /** Age of the newest measurement, seconds; default from its timestamp. */
  dataAgeSec?: number;
  /** Time until the next decision, seconds; default the snapshot's interval. */
  decisionPeriodSec?: number;
  /** What the executor takes at most, when it is known: more is never proposed. */
  caps?: ExecutorCaps;
}
