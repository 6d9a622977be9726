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
  /** What the step added beyond level and week shape, wild values clipped; NaN where unknown. */
  deviation: Float64Array;
  /** Averages of those deviations, one column for each of `deviationHalfLivesHours`. */
  averages: Float64Array[];
  /** What the fast averages would have besides if confirmed wild values counted in full; it speaks of the next hours. */
  excess: Float64Array[];
  /** Highest root seen until then; a wild value counts once a second one confirms it. */
  highest: Float64Array;
  /** Rate = (root / scale)². */
  scale: number;
}

/** Half-lives, in hours, of the averages of recent deviations; 0 is the newest value alone. */
export const deviationHalfLivesHours = [0, 2, 8, 36];

const weekWeight = 0.3;
const dayWeight = 0.25;
/** Deviations beyond this many mean absolute deviations teach the shapes no more than this. */
const oddDeviations = 4;
/** Deviations beyond this many move the level and the slow averages no further. */
const wildDeviations = 10;
/** The same where only the day is known, not yet the weekday: a first Sunday is no fault. */
const wildOnNewDay = 30;
/** How many of the averages are fast, with an excess beside them. */
export const fastAverages = 2;

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
    excess: Array.from({ length: fastAverages }, () => column(capacity)),
    highest: column(capacity),
  };
  const weights = deviationHalfLivesHours.map((hours) =>
    hours > 0 ? 1 - 0.5 ** (calendar.intervalSec / (hours * 3600)) : 1,
  );
  const week = createSlots(stepsPerWeek, weekWeight);
  const day = createSlots(stepsPerDay, dayWeight);
  const trailing = { sum: 0, known: 0, mean: 0 };
  /** Roots without what is wild: what the level is made of. */
  const calm = column(capacity);
  /** Mean absolute error that counting alone makes. */
  const countingError = (0.4 * scale) / Math.sqrt(calendar.intervalSec);
  let spread = 0;
  let before = 0;

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
    readSlots(step);
    const weekMean = shape.weekShape[step] as number;
    const settled = week.seen(calendar.weekSlots[from + step] as number);
    // Where neither the slot of the week nor that of the day was ever seen nothing can be odd.
    const known = settled || day.seen(calendar.daySlots[from + step] as number);
    const usual = trailing.mean + weekMean;
    const common = Math.max(spread, countingError);
    const wild = known ? (settled ? wildDeviations : wildOnNewDay) * common : Infinity;
    calm[step] = usual + clipped(root - usual, wild);
    const confirmedRoot = Math.max(
      calm[step] as number,
      Math.min(root, step > 0 ? (shape.root[step - 1] as number) : 0),
    );
    const highest = step > 0 ? (shape.highest[step - 1] as number) : 0;
    shape.highest[step] = confirmedRoot > highest ? confirmedRoot : highest;
    moveLevel(calm, step, stepsPerWeek, trailing);
    shape.level[step] = trailing.mean;
    const surprise = root - trailing.mean - weekMean;
    shape.deviation[step] = clipped(surprise, wild);
    // A wild value that stands alone may be a fault; a second one of the same sign confirms as much as both have.
    const confirmed =
      surprise * before > 0 ? clipped(surprise, Math.max(wild, Math.abs(before))) : clipped(surprise, wild);
    fadeAverages(shape, step, weights, confirmed);
    if (Number.isNaN(surprise)) return;
    before = surprise;
    spread += (Math.min(Math.abs(surprise), 5 * (spread || 1)) - spread) / Math.min(100, step + 1);
    const learned = weekMean + clipped(surprise, settled ? oddDeviations * Math.max(spread, countingError) : wild);
    week.learn(calendar.weekSlots[from + step] as number, learned);
    day.learn(calendar.daySlots[from + step] as number, learned);
    if (step === stepsPerDay - 1 || step === stepsPerWeek - 1) learnAgain(step);
  };

  /** While a season is incomplete so is the level. Once it is whole, what came before is learned anew against it. */
  const learnAgain = (newest: number): void => {
    week.clear();
    day.clear();
    for (let i = 0; i <= newest; i++) {
      shape.level[i] = trailing.mean;
      // On the first day there was no shape yet to deviate from.
      if (newest < stepsPerDay) shape.deviation[i] = 0;
      const added = (calm[i] as number) - trailing.mean;
      if (Number.isNaN(added)) continue;
      week.learn(calendar.weekSlots[from + i] as number, added);
      day.learn(calendar.daySlots[from + i] as number, added);
    }
    // The new shape has the newest deviations in it; counted again they would be added twice.
    for (const average of [...shape.averages, ...shape.excess]) average[newest] = 0;
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
  values: Float64Array,
  step: number,
  span: number,
  trailing: { sum: number; known: number; mean: number },
): void {
  const entering = values[step] as number;
  if (!Number.isNaN(entering)) {
    trailing.sum += entering;
    trailing.known++;
  }
  const leaving = step >= span ? (values[step - span] as number) : Number.NaN;
  if (!Number.isNaN(leaving)) {
    trailing.sum -= leaving;
    trailing.known--;
  }
  if (trailing.known > 0) trailing.mean = Math.max(0, trailing.sum / trailing.known);
}

/** Through a gap the averages fade towards 0, a fifth as fast as they learn. */
function fadeAverages(
  { deviation, averages, excess }: DemandShape,
  step: number,
  weights: readonly number[],
  confirmed: number,
): void {
  const value = deviation[step] as number;
  const fade = (column: Float64Array, weight: number, taken: number): void => {
    const before = step > 0 ? (column[step - 1] as number) : 0;
    column[step] = Number.isNaN(taken) ? before * (1 - 0.2 * weight) : before + weight * (taken - before);
  };
  for (const [i, average] of averages.entries()) fade(average, weights[i] as number, value);
  for (const [i, column] of excess.entries()) fade(column, weights[i] as number, confirmed - value);
}

function clipped(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

/** Running means per slot: plain means while a slot is new, then exponentially weighted. */
function createSlots(count: number, weightMin: number) {
  const means = new Float64Array(count);
  const times = new Int32Array(count);
  const last = new Float64Array(count);
  const seen = (slot: number): boolean => (times[slot] as number) > 0;
  return {
    seen,
    at: (slot: number, otherwise: number): number => (seen(slot) ? (means[slot] as number) : otherwise),
    newest: (slot: number, otherwise: number): number => (seen(slot) ? (last[slot] as number) : otherwise),
    learn: (slot: number, learned: number): void => {
      const count = (times[slot] as number) + 1;
      times[slot] = count;
      const mean = means[slot] as number;
      means[slot] = mean + Math.max(weightMin, 1 / count) * (learned - mean);
      last[slot] = learned;
    },
    clear: (): void => {
      times.fill(0);
      means.fill(0);
    },
  };
}
