import type { LeadState, Smoothed } from './lead-state.ts';
import { binSec, binsPerDay, ringAt } from './seasonal-ring.ts';
import { usualAt } from './week-shape.ts';

/** Number of features of a forecast; see `fillFeatures` for their order. */
export const featureCount = 15;

/** Weights before anything is learned: demand stays where its fast mean and its newest value say. */
export const priorWeights = [0.5, 0, 0.4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** Variance of each weight before anything is learned. */
export const priorVariances = [
  ...[0.1, 0.05, 0.05],
  ...[0.1, 0.05, 0.02, 0.01],
  ...[0.1, 0.05, 0.02, 0.01],
  ...[0.1, 0.05, 0.02, 0.01],
];

/**
 * The newest surprise is what the last forecast left over, so a forecast one step ahead feeds on its own errors: at a
 * weight of 1 and beyond they would never die out.
 */
export const boundedWeight = { feature: 2, limit: 0.9 };

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

/** A season's value ahead, newest value and two means, beside those of now. */
interface Season {
  ahead: number;
  past: Smoothed;
}

/**
 * What is known at the newest closed step about demand `lead` steps later, as differences from the fast mean.
 *
 * Yesterday, last week and the usual week enter through the same filters as demand itself: where today repeats one of
 * them, its features alone give the exact answer, whatever the shape. They are brought to today's level first, so that a
 * day half as large again jumps half as far again. Unknown seasons are zero, which leaves the rest to level and trend.
 */
export function fillFeatures(state: LeadState, lead: number, into: Float32Array, offset: number): void {
  const { now, day, week, usual } = state;
  const bin = Math.floor(((state.openStep - 1 + lead) * state.baseStepSec) / binSec);
  into[offset] = now.newest - now.fast;
  into[offset + 1] = now.fast - now.slow;
  into[offset + 2] = state.surprise;
  fillSeason(now, { ahead: ringAt(state.ring, bin - binsPerDay), past: day }, into, offset + 3);
  fillSeason(now, { ahead: ringAt(state.ring, bin - 7 * binsPerDay), past: week }, into, offset + 7);
  fillSeason(now, { ahead: usualAt(state.weekShape, bin), past: usual }, into, offset + 11);
}

function fillSeason(now: Smoothed, { ahead, past }: Season, into: Float32Array, offset: number): void {
  const known = !Number.isNaN(ahead) && !Number.isNaN(past.fast);
  const level = known ? levelRatio(now.slow, past.slow) : 0;
  into[offset] = known ? level * (ahead - past.fast) : 0;
  into[offset + 1] = known && !Number.isNaN(past.newest) ? level * (past.newest - past.fast) : 0;
  into[offset + 2] = known ? level * (past.fast - past.slow) : 0;
  into[offset + 3] = known ? now.fast - past.fast : 0;
}

/** Demand below about five jobs a minute says little of a ratio, and is drawn to 1. */
const levelPrior = 0.3;

function levelRatio(now: number, then: number): number {
  return Math.min(2, Math.max(0.5, (now + levelPrior) / (then + levelPrior)));
}
