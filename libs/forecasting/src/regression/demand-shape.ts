import type { SeasonCalendar } from '../season-calendar.ts';

/**
 * The columns that the regression reads, all in the square-root domain and scaled to a mean near 1.
 *
 * Rates are counts divided by time: their noise grows with their root, so after the root an error at night and one at
 * noon weigh alike, and forecasts back from it cannot be negative. A column at step `s` uses nothing measured after
 * `s`, and the shapes nothing of the season that `s` is in, so one pass serves every origin.
 */
export interface DemandShape {
  /** Steps taken in so far. */
  steps: number;
  /** Root of the rate, scaled; NaN where unknown. */
  root: Float64Array;
  /** Mean root over the week that ends with the step. */
  level: Float64Array;
  /** What the local week slot usually adds to the level. */
  weekShape: Float64Array;
  /** What the slot added one week before; `weekShape` where unknown. */
  lastWeek: Float64Array;
  /** What the local day slot usually adds, weekday or not. */
  dayShape: Float64Array;
  /** What the step added beyond level and week shape; NaN where unknown. */
  deviation: Float64Array;
  /** Averages of recent deviations, one column for each of `deviationHalfLivesHours`. */
  averages: Float64Array[];
  /** Rate = (root / scale)². */
  scale: number;
}

/** Half-lives, in hours, of the averages of recent deviations; 0 is the newest value alone. */
export const deviationHalfLivesHours = [0, 2, 8, 36];

const weekWeight = 0.3;
const dayWeight = 0.25;
/** Deviations beyond this many mean absolute deviations teach the shapes no more than this. */
const clipDeviations = 4;

/** Builds a demand shape one observation at a time, each in constant time. */
export interface ShapeBuilder {
  shape: DemandShape;
  push(ratePerSec: number): void;
  /** Fills the shape columns up to `ahead` steps beyond the newest observation. */
  lookAhead(ahead: number): void;
}

/**
 * @param from step of the calendar at which the shape begins
 * @param capacity steps that can be pushed; the calendar must reach one week further
 * @param scale see `rootScale`
 */
export function createShapeBuilder(
  calendar: SeasonCalendar,
  { from, capacity, scale }: { from: number; capacity: number; scale: number },
): ShapeBuilder {
  const { stepsPerDay, stepsPerWeek } = calendar;
  const column = (length: number): Float64Array => new Float64Array(length);
  const reach = capacity + stepsPerWeek;
  const shape: DemandShape = {
    steps: 0,
    scale,
    root: column(capacity),
    level: column(capacity),
    weekShape: column(reach),
    lastWeek: column(reach),
    dayShape: column(reach),
    deviation: column(capacity),
    averages: deviationHalfLivesHours.map(() => column(capacity)),
  };
  const weights = deviationHalfLivesHours.map((hours) =>
    hours > 0 ? 1 - 0.5 ** (calendar.intervalSec / (hours * 3600)) : 1,
  );
  const week = createSlots(stepsPerWeek, weekWeight);
  const day = createSlots(stepsPerDay, dayWeight);
  const trailing = { sum: 0, known: 0, mean: 0 };
  let spread = 0;

  const readSlots = (step: number): void => {
    const weekSlot = calendar.weekSlots[from + step] as number;
    const dayMean = day.at(calendar.daySlots[from + step] as number, 0);
    const weekMean = week.at(weekSlot, dayMean);
    shape.dayShape[step] = dayMean;
    shape.weekShape[step] = weekMean;
    shape.lastWeek[step] = week.newest(weekSlot, weekMean);
  };

  const push = (ratePerSec: number): void => {
    const step = shape.steps++;
    const root = Math.sqrt(ratePerSec) * scale;
    shape.root[step] = root;
    moveLevel(shape, step, stepsPerWeek, trailing);
    readSlots(step);
    const weekMean = shape.weekShape[step] as number;
    const added = root - trailing.mean;
    const surprise = added - weekMean;
    shape.deviation[step] = surprise;
    fadeAverages(shape, step, weights);
    if (Number.isNaN(added)) return;
    const limit = step < stepsPerDay ? Infinity : clipDeviations * spread;
    spread += (Math.min(Math.abs(surprise), 5 * (spread || 1)) - spread) / Math.min(100, step + 1);
    const learned = weekMean + Math.max(-limit, Math.min(limit, surprise));
    week.learn(calendar.weekSlots[from + step] as number, learned);
    day.learn(calendar.daySlots[from + step] as number, learned);
  };

  const lookAhead = (ahead: number): void => {
    for (let step = shape.steps; step < shape.steps + ahead; step++) readSlots(step);
  };
  return { shape, push, lookAhead };
}

/** The scale that brings the roots of these rates to a mean square of 1. */
export function rootScale(ratesPerSec: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  let known = 0;
  for (let i = from; i < to; i++) {
    const rate = ratesPerSec[i] as number;
    if (Number.isNaN(rate)) continue;
    sum += rate;
    known++;
  }
  return sum > 0 ? 1 / Math.sqrt(sum / known) : 1;
}

function moveLevel(
  { root, level }: DemandShape,
  step: number,
  span: number,
  trailing: { sum: number; known: number; mean: number },
): void {
  const entering = root[step] as number;
  if (!Number.isNaN(entering)) {
    trailing.sum += entering;
    trailing.known++;
  }
  const leaving = step >= span ? (root[step - span] as number) : Number.NaN;
  if (!Number.isNaN(leaving)) {
    trailing.sum -= leaving;
    trailing.known--;
  }
  if (trailing.known > 0) trailing.mean = Math.max(0, trailing.sum / trailing.known);
  level[step] = trailing.mean;
}

/** Through a gap the averages fade towards 0, a fifth as fast as they learn. */
function fadeAverages({ deviation, averages }: DemandShape, step: number, weights: readonly number[]): void {
  const value = deviation[step] as number;
  for (const [i, average] of averages.entries()) {
    const before = step > 0 ? (average[step - 1] as number) : 0;
    const weight = weights[i] as number;
    average[step] = Number.isNaN(value) ? before * (1 - 0.2 * weight) : before + weight * (value - before);
  }
}

/** Running means per slot: plain means while a slot is new, then exponentially weighted. */
function createSlots(count: number, weight: number) {
  const means = new Float64Array(count);
  const seen = new Int32Array(count);
  const last = new Float64Array(count);
  return {
    at: (slot: number, otherwise: number): number => ((seen[slot] as number) > 0 ? (means[slot] as number) : otherwise),
    newest: (slot: number, otherwise: number): number =>
      (seen[slot] as number) > 0 ? (last[slot] as number) : otherwise,
    learn: (slot: number, learned: number): void => {
      const times = (seen[slot] as number) + 1;
      seen[slot] = times;
      const mean = means[slot] as number;
      means[slot] = mean + Math.max(weight, 1 / times) * (learned - mean);
      last[slot] = learned;
    },
  };
}
