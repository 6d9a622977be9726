import type { IntervalObservation } from './interval-reader.ts';
import type { Objective } from './scenario.ts';

/** A stretch of intervals in which the objective was broken. */
export interface BreachPeriod {
  fromSec: number;
  toSec: number;
  /** Share of replications in which it was broken, over the stretch. */
  share: number;
}

/**
 * Which intervals broke the objective: fewer than `percentile` of the jobs that ended in it met the target, counting
 * those that gave up or were lost as missed; or none ended although jobs have been waiting beyond the target. An
 * interval in which nothing should have happened is good.
 */
export function brokenIntervals(intervals: readonly IntervalObservation[], objective: Objective): boolean[] {
  const arrivedBefore = [0];
  for (const { arrivals } of intervals) arrivedBefore.push(arrivedBefore.at(-1)! + arrivals);
  return intervals.map((seen, i) => {
    const ended = seen.completions + seen.abandoned + seen.dropped;
    if (ended > 0) return seen.withinTarget < objective.percentile * ended;
    if (seen.waiting === 0) return false;
    // Jobs leave in order: more are waiting than arrived within the target means that the oldest is overdue.
    const dueFrom = Math.max(0, Math.ceil((seen.endSec - objective.targetSec) / (seen.endSec - seen.startSec)));
    return seen.waiting > arrivedBefore[i + 1]! - arrivedBefore[Math.min(dueFrom, i + 1)]!;
  });
}

/** Joins neighbouring intervals that were broken in at least half of the replications. */
export function breachPeriods(
  shares: readonly number[],
  { intervalSec, fromInterval }: { intervalSec: number; fromInterval: number },
): BreachPeriod[] {
  const periods: BreachPeriod[] = [];
  let start = -1;
  let sum = 0;
  for (let i = fromInterval; i <= shares.length; i++) {
    const broken = i < shares.length && shares[i]! >= 0.5;
    if (broken) {
      if (start < 0) start = i;
      sum += shares[i]!;
    } else if (start >= 0) {
      periods.push({ fromSec: start * intervalSec, toSec: i * intervalSec, share: sum / (i - start) });
      start = -1;
      sum = 0;
    }
  }
  return periods;
}
