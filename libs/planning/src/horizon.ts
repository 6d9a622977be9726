import { tuning } from './tuning.ts';

/**
 * How far ahead a decision looks, seconds: futures of demand should reach this far.
 *
 * @example decisionHorizonSec({ startupDelaySec: 120, decisionPeriodSec: 60 }) // 240
 */
export function decisionHorizonSec(times: { startupDelaySec: number; decisionPeriodSec: number }): number {
  return times.startupDelaySec + times.decisionPeriodSec + tuning.beyondSec;
}
