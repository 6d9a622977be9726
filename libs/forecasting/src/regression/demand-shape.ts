import type { History } from '../forecast-model.ts';

/**
 * The columns that the regression reads, all in the square-root domain and scaled to a mean near 1.
 *
 * Rates are counts divided by time: their noise grows with their root, so after the root an error at night and one at
 * noon weigh alike, and forecasts back from it cannot be negative. Every column at step `s` uses nothing measured
 * after one week before `s` (shapes) or after `s` (the rest), which is what lets one pass serve every origin.
 */
export interface DemandShape {
  /** Steps of history; shapes reach one week further. */
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
  /** Rate = (root / scale)². */
  scale: number;
}

const weekWeight = 0.3;
const dayWeight = 0.25;
/** Deviations beyond this many mean absolute deviations teach the shapes no more than this. */
const clipDeviations = 6;

export function demandShape({ values, calendar }: History, from: number, to: number): DemandShape {
  const steps = to - from;
  const { stepsPerDay, stepsPerWeek } = calendar;
  const { root, scale } = scaledRoots(values, from, to);
  const level = trailingLevel(root, stepsPerWeek);
  const length = steps + stepsPerWeek;
  const shape: DemandShape = {
    steps,
    root,
    level,
    scale,
    weekShape: new Float64Array(length),
    lastWeek: new Float64Array(length),
    dayShape: new Float64Array(length),
    deviation: new Float64Array(steps),
  };
  const week = createSlots(stepsPerWeek, weekWeight);
  const day = createSlots(stepsPerDay, dayWeight);
  let spread = 0;
  for (let s = 0; s < length; s++) {
    const weekSlot = calendar.weekSlots[from + s] as number;
    const daySlot = calendar.daySlots[from + s] as number;
    const dayMean = day.at(daySlot, 0);
    const weekMean = week.at(weekSlot, dayMean);
    shape.dayShape[s] = dayMean;
    shape.weekShape[s] = weekMean;
    shape.lastWeek[s] = week.newest(weekSlot, weekMean);
    if (s >= steps) continue;
    const added = (root[s] as number) - (level[s] as number);
    const surprise = added - weekMean;
    shape.deviation[s] = surprise;
    if (Number.isNaN(added)) continue;
    const settling = s < stepsPerDay;
    const limit = settling ? Infinity : clipDeviations * spread;
    spread += (Math.min(Math.abs(surprise), 5 * (spread || 1)) - spread) / Math.min(100, s + 1);
    const learned = weekMean + Math.max(-limit, Math.min(limit, surprise));
    week.learn(weekSlot, learned, added);
    day.learn(daySlot, learned, added);
  }
  return shape;
}

function scaledRoots(values: Float64Array, from: number, to: number): { root: Float64Array; scale: number } {
  let sum = 0;
  let known = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) {
      sum += value;
      known++;
    }
  }
  const scale = sum > 0 ? 1 / Math.sqrt(sum / known) : 1;
  const root = new Float64Array(to - from);
  for (let i = from; i < to; i++) root[i - from] = Math.sqrt(values[i] as number) * scale;
  return { root, scale };
}

function trailingLevel(root: Float64Array, span: number): Float64Array {
  const level = new Float64Array(root.length);
  let sum = 0;
  let known = 0;
  let newest = root.find((value) => !Number.isNaN(value)) ?? 0;
  for (let i = 0; i < root.length; i++) {
    const entering = root[i] as number;
    if (!Number.isNaN(entering)) {
      sum += entering;
      known++;
    }
    const leaving = i >= span ? (root[i - span] as number) : Number.NaN;
    if (!Number.isNaN(leaving)) {
      sum -= leaving;
      known--;
    }
    if (known > 0) newest = sum / known;
    level[i] = newest;
  }
  return level;
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
    learn: (slot: number, learned: number, raw: number): void => {
      const count = (seen[slot] as number) + 1;
      seen[slot] = count;
      const mean = means[slot] as number;
      means[slot] = mean + Math.max(weight, 1 / count) * (learned - mean);
      last[slot] = raw;
    },
  };
}
