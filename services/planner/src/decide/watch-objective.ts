import { durationSec, type Policy, type SloBreached, type Snapshot } from '@capplan/contracts';
import { sketchFromWire } from '@capplan/sketch';

/** How the last hour of one pool went, interval by interval. */
export interface ObjectiveWatch {
  intervals: { endMs: number; lengthMs: number; isWithin: boolean }[];
}

const windowMs = 3_600_000;
/** A breach that goes on is told again after so long. */
const repeatMs = 300_000;
const errorBudgetDefault = 0.01;

export const noIntervals: ObjectiveWatch = { intervals: [] };

/** The snapshot's 95 % quantile of what the objective is about, in seconds; undefined when nothing was measured. */
export function observedP95Sec(policy: Policy, snapshot: Snapshot): number | undefined {
  if ((policy.slo.latency_of ?? 'response') === 'response') {
    if (snapshot.response_time_p95 !== undefined) return durationSec(snapshot.response_time_p95);
    return quantileOf(snapshot.response_time_sketch);
  }
  return quantileOf(snapshot.wait_time_sketch);
}

function quantileOf(wire: Snapshot['wait_time_sketch']): number | undefined {
  if (!wire || wire.count === 0) return undefined;
  const read = sketchFromWire(wire);
  return read.ok ? read.sketch.quantile(0.95) : undefined;
}

/**
 * Holds one snapshot against the objective.
 *
 * @returns `breach` while the objective is missed, with a cause that is the same for five minutes
 */
export function watchObjective(
  before: ObjectiveWatch,
  policy: Policy,
  snapshot: Snapshot,
): { watch: ObjectiveWatch; breach: { data: SloBreached; cause: string } | undefined } {
  const observed = observedP95Sec(policy, snapshot);
  const endMs = Date.parse(snapshot.timestamp);
  if (observed === undefined || before.intervals.some((interval) => interval.endMs >= endMs)) {
    return { watch: before, breach: undefined };
  }
  const target = durationSec(policy.slo.p95_latency);
  const isWithin = observed <= target;
  const kept = before.intervals.filter((interval) => interval.endMs > endMs - windowMs);
  const intervals = [...kept, { endMs, lengthMs: 1000 * snapshot.interval_s, isWithin }];
  const watch = { intervals };
  if (isWithin) return { watch, breach: undefined };
  const total = intervals.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  const good = intervals.reduce((sum, { lengthMs, isWithin: was }) => sum + (was ? lengthMs : 0), 0);
  const share = total > 0 ? good / total : 0;
  const allowed = policy.slo.error_budget ?? errorBudgetDefault;
  // The budget is a share of time; what is used of it counts against the whole hour, not against what has been seen.
  const used = (total - good) / windowMs / Math.max(allowed, 1e-6);
  const data: SloBreached = {
    pool: snapshot.pool,
    timestamp: snapshot.timestamp,
    target_s: target,
    observed_p95_s: observed,
    share_within: share,
    error_budget_used: used,
  };
  return { watch, breach: { data, cause: `breach:${Math.floor(endMs / repeatMs)}` } };
}
