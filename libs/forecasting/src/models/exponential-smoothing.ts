import type { FittedModel, ForecastModel } from '../forecast-model.ts';
import { gridSearch } from './search.ts';

interface Smoothing {
  /** Weight of the newest value in the level, 0 to 1. */
  alpha: number;
  /** Weight of the newest change in the trend, 0 to 1; 0 for no trend. */
  beta: number;
  /** Share of the trend that survives a step, 0 to 1. */
  damping: number;
}

const fitStepsMax = 2000;

/**
 * Exponentially weighted moving average with α chosen by one-step error; flat ahead.
 *
 * @see Brown, Statistical Forecasting for Inventory Control, 1959
 */
export const ewma: ForecastModel = {
  name: 'ewma',
  stepsMin: () => 2,
  fit: ({ values }, steps) => {
    const [alpha = 0.5] = gridSearch(
      [[0.02, 1]],
      ([a = 0]) => oneStepError(values, steps, { alpha: a, beta: 0, damping: 0 }),
      12,
    );
    return smoothed(values, { alpha, beta: 0, damping: 0 });
  },
};

/**
 * Holt's level and trend, the trend damped so that a week ahead does not run away.
 *
 * @see Gardner & McKenzie, Forecasting trends in time series, Management Science 31 (1985)
 */
export const holt: ForecastModel = {
  name: 'holt',
  stepsMin: () => 10,
  fit: ({ values }, steps) => {
    const [alpha = 0.5, beta = 0.1, damping = 0.9] = gridSearch(
      [
        [0.05, 1],
        [0.005, 0.3],
        [0.8, 0.98],
      ],
      ([a = 0, b = 0, d = 0]) => oneStepError(values, steps, { alpha: a, beta: b, damping: d }),
    );
    return smoothed(values, { alpha, beta, damping });
  },
};

function smoothed(values: Float64Array, smoothing: Smoothing): FittedModel {
  return {
    forecast: (origin, horizonSteps) => {
      const { level, trend } = run(values, 0, origin, smoothing);
      const out = new Float64Array(horizonSteps);
      let reach = 0;
      let power = 1;
      for (let i = 0; i < horizonSteps; i++) {
        power *= smoothing.damping;
        reach += power;
        out[i] = Math.max(0, level + reach * trend);
      }
      return out;
    },
  };
}

function oneStepError(values: Float64Array, steps: number, smoothing: Smoothing): number {
  return run(values, Math.max(0, steps - fitStepsMax), steps, smoothing).error;
}

/** Across a gap the level stays and the trend fades: nothing was learned there. */
function run(values: Float64Array, from: number, to: number, { alpha, beta, damping }: Smoothing) {
  let level = Number.NaN;
  let trend = 0;
  let error = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (Number.isNaN(level)) {
      level = value;
      continue;
    }
    const expected = level + damping * trend;
    if (Number.isNaN(value)) {
      trend *= damping;
      level = expected;
      continue;
    }
    error += Math.abs(value - expected);
    const before = level;
    level = expected + alpha * (value - expected);
    trend = damping * trend + beta * (level - before - damping * trend);
  }
  return { level: Number.isNaN(level) ? 0 : level, trend, error };
}
