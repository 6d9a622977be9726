import type { LeadState, Smoothed } from './lead-state.ts';
import { binSec, binsPerDay, ringAt } from './seasonal-ring.ts';

/** Number of features of a forecast; see `fillFeatures` for their order. */
export const featureCount = 11;

/** Weights before anything is learned: demand stays where its fast mean and its newest value say. */
export const priorWeights = [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.4];
/** Variance of each weight before anything is learned. */
export const priorVariances = [0.1, 0.05, 0.1, 0.1, 0.05, 0.05, 0.02, 0.02, 0.01, 0.01, 0.05];

/** Time constants of the two smoothers, seconds. */
const fastSec = 240;
const slowSec = 1800;

export function smooth(series: Smoothed, value: number, stepSec: number): void {
  series.newest = value;
  if (Number.isNaN(value)) return;
  series.fast = Number.isNaN(series.fast)
    ? value
    : series.fast + (1 - Math.exp(-stepSec / fastSec)) * (value - series.fast);
  series.slow = Number.isNaN(series.slow)
    ? value
    : series.slow + (1 - Math.exp(-stepSec / slowSec)) * (value - series.slow);
}

/**
 * What is known at the newest closed step about demand `lead` steps later, as differences from the fast mean.
 *
 * Day and week enter through the same filters as demand itself: where today repeats yesterday, the day features alone
 * give the exact answer, whatever the shape. Unknown seasons are zero, which leaves the rest to level and trend.
 */
export function fillFeatures(state: LeadState, lead: number, into: Float32Array, offset: number): void {
  const { now, day, week } = state;
  const bin = Math.floor(((state.openStep - 1 + lead) * state.baseStepSec) / binSec);
  const yesterday = ringAt(state.ring, bin - binsPerDay);
  const lastWeek = ringAt(state.ring, bin - 7 * binsPerDay);
  const hasDay = !Number.isNaN(yesterday) && !Number.isNaN(day.fast);
  const hasWeek = !Number.isNaN(lastWeek) && !Number.isNaN(week.fast);
  into[offset] = now.newest - now.fast;
  into[offset + 1] = now.fast - now.slow;
  into[offset + 2] = hasDay ? yesterday - day.fast : 0;
  into[offset + 3] = hasWeek ? lastWeek - week.fast : 0;
  into[offset + 4] = hasDay && !Number.isNaN(day.newest) ? day.newest - day.fast : 0;
  into[offset + 5] = hasWeek && !Number.isNaN(week.newest) ? week.newest - week.fast : 0;
  into[offset + 6] = hasDay ? day.fast - day.slow : 0;
  into[offset + 7] = hasWeek ? week.fast - week.slow : 0;
  into[offset + 8] = hasDay ? now.fast - day.fast : 0;
  into[offset + 9] = hasWeek ? now.fast - week.fast : 0;
  into[offset + 10] = state.surprise;
}
