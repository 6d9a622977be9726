import { tuning } from './tuning.ts';

/** A worker that starts at once still has to be worth its move over the minutes that follow. */
const leastSec = 240;

/** Counts are weighed once a minute, however often the pool is measured. */
const minuteSec = 60;

/**
 * How far ahead a decision looks, seconds: futures of demand should reach this far.
 *
 * @example decisionHorizonSec({ startupDelaySec: 120, decisionPeriodSec: 60 }) // 240
 */
export function decisionHorizonSec(times: { startupDelaySec: number; decisionPeriodSec: number }): number {
  return Math.max(leastSec, times.startupDelaySec + Math.max(minuteSec, times.decisionPeriodSec) + tuning.beyondSec);
}
