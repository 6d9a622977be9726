import { type ForecastModelName, fitForecast } from '@capplan/forecasting';
import type { ArrivalTrace } from '@capplan/traces';

const originCount = 28;
const penalty = 40;
export const horizonsSec = [3600, 86_400, 604_800];

/** What a model scored on one series, one entry for each horizon. */
export interface SeriesScore {
  name: string;
  /** Mean absolute error relative to that of copying last week. */
  errorRatio: number[];
  /** Share of values inside the 95 % interval. */
  coverage: number[];
  /** Mean interval score over the in-sample error of copying yesterday. */
  msis: number[];
  /** Processor time of each fit and forecast. */
  fitMs: number[];
}

/**
 * Forecasts a week ahead from 28 origins over the last quarter of a series, each from what lay before it alone, and
 * scores the first hour, day and week (or what of it the series still holds).
 */
export function rollingScore(trace: ArrivalTrace, model: ForecastModelName | 'auto'): SeriesScore {
  const values = trace.ratesPerSec;
  const perDay = Math.round(86_400 / trace.intervalSec);
  const sums = horizonsSec.map(() => ({ error: 0, copyError: 0, covered: 0, score: 0, origins: 0 }));
  const fitMs: number[] = [];
  for (let k = 0; k < originCount; k++) {
    const origin = Math.floor(values.length * (0.75 + (0.25 * k) / originCount));
    const before = process.cpuUsage();
    const result = fitForecast(
      { ...trace, ratesPerSec: values.subarray(0, origin) },
      { horizonSteps: 7 * perDay, model, levels: [0.95] },
    );
    const { user, system } = process.cpuUsage(before);
    fitMs.push((user + system) / 1000);
    if (!result.ok) throw new Error(`${trace.name}: ${result.detail}`);
    const scale = copyError(values, perDay, origin);
    for (const [q, horizonSec] of horizonsSec.entries()) {
      const at = scoreOrigin(values, origin, Math.round(horizonSec / trace.intervalSec), perDay, result.forecast);
      const sum = sums[q];
      if (!sum || at.count === 0) continue;
      sum.error += at.error / at.count;
      sum.copyError += at.copyError / at.count;
      sum.covered += at.covered / at.count;
      sum.score += at.score / at.count / scale;
      sum.origins++;
    }
  }
  return {
    name: trace.name,
    errorRatio: sums.map(({ error, copyError: copied }) => error / copied),
    coverage: sums.map(({ covered, origins }) => covered / origins),
    msis: sums.map(({ score, origins }) => score / origins),
    fitMs,
  };
}

function scoreOrigin(
  values: Float64Array,
  origin: number,
  steps: number,
  perDay: number,
  forecast: { meanPerSec: Float64Array; intervals: { lowerPerSec: Float64Array; upperPerSec: Float64Array }[] },
) {
  const [interval] = forecast.intervals;
  const total = { error: 0, copyError: 0, covered: 0, score: 0, count: 0 };
  for (let i = 0; i < Math.min(steps, values.length - origin); i++) {
    const actual = values[origin + i] as number;
    const copied = sameTimeLastWeek(values, origin + i, perDay);
    if (Number.isNaN(actual) || Number.isNaN(copied)) continue;
    const lower = interval?.lowerPerSec[i] as number;
    const upper = interval?.upperPerSec[i] as number;
    total.error += Math.abs(actual - (forecast.meanPerSec[i] as number));
    total.copyError += Math.abs(actual - copied);
    total.covered += actual >= lower - 1e-9 && actual <= upper + 1e-9 ? 1 : 0;
    total.score += upper - lower + penalty * (Math.max(0, lower - actual) + Math.max(0, actual - upper));
    total.count++;
  }
  return total;
}

function sameTimeLastWeek(values: Float64Array, step: number, perDay: number): number {
  for (let at = step - 7 * perDay; at >= 0; at -= 7 * perDay) {
    const value = values[at] as number;
    if (!Number.isNaN(value)) return value;
  }
  return Number.NaN;
}

function copyError(values: Float64Array, lag: number, to: number): number {
  let sum = 0;
  let count = 0;
  for (let i = lag; i < to; i++) {
    const difference = (values[i] as number) - (values[i - lag] as number);
    if (Number.isNaN(difference)) continue;
    sum += Math.abs(difference);
    count++;
  }
  return sum / count;
}
