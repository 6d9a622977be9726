import type { ForecastModel, History } from '../forecast-model.ts';

const passes = 2;
const fitWeeks = 8;

/**
 * Decomposition into level, day and week, with a correction from the newest data.
 *
 * Day and week shapes are found by backfitting means of the last eight weeks around a trailing level; what is left over
 * is followed by an exponential average whose influence fades with the lead at the rate measured in the data. The idea
 * is that of MSTL with an ETS remainder, at a fraction of the work.
 *
 * @see Bandara, Hyndman & Bergmeir, MSTL: a seasonal-trend decomposition algorithm for time series with multiple
 * seasonal patterns, 2021 (arXiv:2107.13462)
 */
export const multiSeasonal: ForecastModel = {
  name: 'multi_seasonal',
  stepsMin: ({ stepsPerWeek }) => stepsPerWeek + 1,
  fit: (history, steps) => {
    const persistence = remainderPersistence(history, steps);
    return {
      forecast: (origin, horizonSteps) => {
        const { level, dayShape, weekShape } = decompose(history, origin);
        const { daySlots, weekSlots, stepsPerDay } = history.calendar;
        const seasonAt = (step: number): number =>
          (dayShape[daySlots[step] as number] as number) + (weekShape[weekSlots[step] as number] as number);
        let remainder = 0;
        for (let i = Math.max(0, origin - stepsPerDay); i < origin; i++) {
          const value = history.values[i] as number;
          if (!Number.isNaN(value)) remainder += 0.5 * (value - level - seasonAt(i) - remainder);
        }
        const out = new Float64Array(horizonSteps);
        for (let i = 0; i < horizonSteps; i++) {
          remainder *= persistence;
          out[i] = Math.max(0, level + seasonAt(origin + i) + remainder);
        }
        return out;
      },
    };
  },
};

function decompose({ values, calendar }: History, to: number) {
  const { stepsPerDay, stepsPerWeek, daySlots, weekSlots } = calendar;
  const from = Math.max(0, to - fitWeeks * stepsPerWeek);
  const rest = new Float64Array(to - from);
  const level = removeTrailingLevel(values, from, to, stepsPerWeek, rest);
  const dayShape = new Float64Array(stepsPerDay);
  const weekShape = new Float64Array(stepsPerWeek);
  for (let pass = 0; pass < passes; pass++) {
    backfit(rest, dayShape, (i) => daySlots[from + i] as number);
    backfit(rest, weekShape, (i) => weekSlots[from + i] as number);
  }
  return { level, dayShape, weekShape };
}

/** Writes values minus their trailing weekly mean into `rest` and returns the newest mean. */
function removeTrailingLevel(values: Float64Array, from: number, to: number, span: number, rest: Float64Array): number {
  let sum = 0;
  let known = 0;
  let level = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) {
      sum += value;
      known++;
    }
    const leaving = i - span >= from ? (values[i - span] as number) : Number.NaN;
    if (!Number.isNaN(leaving)) {
      sum -= leaving;
      known--;
    }
    if (known > 0) level = sum / known;
    rest[i - from] = value - level;
    // The first week gets the mean of all of it: a mean of its first hours would leave half a season in the rest.
    if (i - from === span - 1) for (let k = from; k < i; k++) rest[k - from] = (values[k] as number) - level;
  }
  return level;
}

/** Moves the mean of each slot from the rest into the shape. */
function backfit(rest: Float64Array, shape: Float64Array, slotOf: (i: number) => number): void {
  const sums = new Float64Array(shape.length);
  const counts = new Float64Array(shape.length);
  for (let i = 0; i < rest.length; i++) {
    const value = rest[i] as number;
    if (Number.isNaN(value)) continue;
    const slot = slotOf(i);
    sums[slot] = (sums[slot] as number) + value;
    counts[slot] = (counts[slot] as number) + 1;
  }
  for (let slot = 0; slot < shape.length; slot++) {
    const count = counts[slot] as number;
    sums[slot] = count > 0 ? (sums[slot] as number) / count : 0;
    shape[slot] = (shape[slot] as number) + (sums[slot] as number);
  }
  for (let i = 0; i < rest.length; i++) rest[i] = (rest[i] as number) - (sums[slotOf(i)] as number);
}

/** Correlation of the remainder with itself one hour earlier, as a factor per step. */
function remainderPersistence(history: History, steps: number): number {
  const { level, dayShape, weekShape } = decompose(history, steps);
  const { stepsPerDay, stepsPerWeek, daySlots, weekSlots } = history.calendar;
  const lag = Math.max(1, Math.round(stepsPerDay / 24));
  let products = 0;
  let squares = 0;
  const remainders: number[] = [];
  for (let i = Math.max(0, steps - 2 * stepsPerWeek); i < steps; i++) {
    const season = (dayShape[daySlots[i] as number] as number) + (weekShape[weekSlots[i] as number] as number);
    const remainder = (history.values[i] as number) - level - season;
    remainders.push(remainder);
    const past = remainders[remainders.length - 1 - lag] ?? Number.NaN;
    if (!Number.isNaN(remainder) && !Number.isNaN(past)) {
      products += remainder * past;
      squares += (remainder * remainder + past * past) / 2;
    }
  }
  const correlation = squares > 0 ? Math.min(0.99, Math.max(0, products / squares)) : 0;
  return correlation ** (1 / lag);
}
