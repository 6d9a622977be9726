import type { LeadState } from './lead-state.ts';

/** No forecast is above this many times the highest demand seen. */
const rateFactorMax = 2;
/** Added to the ceiling so that a first job in an empty queue is nothing unheard of: standard deviations of a count. */
const countingMargin = 4;
/** The highest demand seen fades by half in this time. */
const peakHalfLifeSec = 28 * 86_400;

/**
 * Standard deviation of the root of a rate that is counted over a step, for Poisson counts.
 *
 * @param root of the rate; the deviation is the same for all but the smallest, and 0 where nothing comes
 */
export function countingDeviation(stepSec: number, root = Infinity): number {
  const usual = 0.5 / Math.sqrt(stepSec);
  return root < 1e3 * usual ? Math.sqrt(root * root + 2 * usual * root) - root : usual;
}

/** Mean absolute error that counting alone makes in the root of a rate. */
export function countingError(stepSec: number): number {
  return 0.8 * countingDeviation(stepSec);
}

/**
 * What no forecast exceeds, square root of demand: twice the highest rate of the last weeks, or of now, and a few jobs.
 *
 * @param newest square root of the newest demand, when it is more recent than the newest closed step
 */
export function ceilingOf({ baseStepSec, peak, measured }: LeadState, newest = measured): number {
  if (Number.isNaN(newest)) return Infinity;
  const highest = Math.max(peak, measured, newest);
  return Math.sqrt(rateFactorMax) * highest + countingMargin * countingDeviation(baseStepSec);
}

export function learnPeak(state: LeadState, root: number): void {
  state.peak = Math.max(state.peak * 0.5 ** (state.baseStepSec / peakHalfLifeSec), root);
}
