import type { History } from './forecast-model.ts';

/**
 * Past errors of a forecaster by lead, in the square-root domain where their spread depends little on the level.
 * Bands hold neighbouring leads together; each list is sorted.
 */
export interface ErrorBands {
  /** Geometric middle of each band, steps, ascending. */
  middles: number[];
  sortedErrors: Float64Array[];
}

/** First lead of each band: every lead on its own at first, then wider by about a third each. */
function bandStarts(horizonSteps: number): number[] {
  const starts: number[] = [];
  for (let lead = 1; lead <= horizonSteps; lead = Math.max(lead + 1, Math.round(lead * 1.35))) starts.push(lead);
  return starts;
}

export function errorBands(
  { values }: History,
  origins: readonly number[],
  forecasts: readonly Float64Array[],
  horizonSteps: number,
): ErrorBands {
  const starts = bandStarts(horizonSteps);
  const bands: ErrorBands = { middles: [], sortedErrors: [] };
  for (const [band, start] of starts.entries()) {
    const end = (starts[band + 1] ?? horizonSteps + 1) - 1;
    const errors: number[] = [];
    for (const [i, origin] of origins.entries()) {
      const forecast = forecasts[i] as Float64Array;
      for (let lead = start; lead <= Math.min(end, forecast.length); lead++) {
        const actual = values[origin + lead - 1] as number;
        if (!Number.isNaN(actual)) errors.push(Math.sqrt(actual) - Math.sqrt(forecast[lead - 1] as number));
      }
    }
    if (errors.length < 4) continue;
    bands.middles.push(Math.sqrt(start * end));
    bands.sortedErrors.push(Float64Array.from(errors).sort());
  }
  return bands;
}

/**
 * Quantiles of the rate at each step: the forecast's root plus the quantile of the past errors of that lead, squared.
 *
 * A conformal quantile: of n errors the ⌈p(n + 1)⌉-th smallest, so that few errors give wide bands.
 *
 * @see Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, Distribution-free predictive inference for regression, JASA 2018
 */
export function quantilePath(meanPerSec: Float64Array, bands: ErrorBands, probability: number): Float64Array {
  const shifts = bands.sortedErrors.map((errors) => conformalQuantile(errors, probability));
  let band = 0;
  return meanPerSec.map((mean, i) => {
    const lead = i + 1;
    while (band < bands.middles.length - 2 && (bands.middles[band + 1] as number) <= lead) band++;
    const [low, high] = [bands.middles[band] ?? 1, bands.middles[band + 1] ?? 1];
    const share = high > low ? Math.min(1, Math.max(0, Math.log(lead / low) / Math.log(high / low))) : 0;
    const [below = 0, above = below] = [shifts[band], shifts[band + 1]];
    const root = Math.sqrt(mean) + below * (1 - share) + above * share;
    return root > 0 ? root * root : 0;
  });
}

function conformalQuantile(sorted: Float64Array, probability: number): number {
  const n = sorted.length;
  const rank = probability >= 0.5 ? Math.ceil(probability * (n + 1)) : Math.floor(probability * (n + 1));
  const inside = Math.min(n, Math.max(1, rank));
  // Beyond the largest error seen the tail is unknown; half as far again is a guess that errs to the wide side.
  const beyond = rank > n || rank < 1 ? 1.5 : 1;
  return beyond * (sorted[inside - 1] as number);
}
