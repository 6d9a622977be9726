import type { ForecastModel } from '../forecast-model.ts';
import { shapeRegression } from '../regression/shape-regression.ts';
import { ewma, holt } from './exponential-smoothing.ts';
import { growingSeason } from './growing-season.ts';
import { holtWinters, holtWintersMultiplicative } from './holt-winters.ts';
import { multiSeasonal } from './multi-seasonal.ts';
import { naive } from './naive.ts';
import { sameTimeMean, seasonalNaiveDay, seasonalNaiveWeek } from './same-time.ts';

/** Every model by the name that policies and the command line use. */
export const forecastModels = {
  naive,
  seasonal_naive_day: seasonalNaiveDay,
  seasonal_naive_week: seasonalNaiveWeek,
  same_time_mean: sameTimeMean,
  ewma,
  holt,
  holt_winters: holtWinters,
  holt_winters_multiplicative: holtWintersMultiplicative,
  multi_seasonal: multiSeasonal,
  growing_season: growingSeason,
  shape_regression: shapeRegression,
} satisfies Record<string, ForecastModel>;

export type ForecastModelName = keyof typeof forecastModels;
