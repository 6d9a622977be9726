import { errorBands, quantilePath } from './error-bands.ts';
import type { ErrorSpread } from './error-spread.ts';
import type { History } from './forecast-model.ts';
import { meanAbsoluteError } from './rolling-origin.ts';

/** How far forecasts of this series have been off; null where there was nothing to measure. */
export interface ForecastAccuracy {
  /**
   * Mean absolute error relative to that of copying the value of one season before (a week, or a day where there is
   * less than two weeks); below 1 beats the copy.
   */
  mase: number | null;
  /** Sum of absolute errors over the sum of the demand. */
  wape: number | null;
  /** Share of values inside the 95 % interval, where later values are held against errors of earlier ones. */
  coverage: number | null;
}

export interface PastForecasts {
  origins: number[];
  forecasts: Float64Array[];
}

/** @see Hyndman & Koehler, Another look at measures of forecast accuracy, Int. J. Forecasting 22 (2006) */
export function measureAccuracy(
  history: History,
  past: PastForecasts,
  { horizonSteps, level, spread }: { horizonSteps: number; level: number; spread: ErrorSpread },
): ForecastAccuracy {
  const mae = meanAbsoluteError(history, past.origins, past.forecasts, { leadMin: 1, leadMax: horizonSteps });
  const scale = seasonalCopyError(history);
  const mean = meanActual(history, past);
  return {
    mase: orNull(mae / scale),
    wape: orNull(mae / mean),
    coverage: orNull(measuredCoverage(history, past, { horizonSteps, level, spread })),
  };
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function seasonalCopyError({ values, calendar }: History): number {
  const days = values.length >= 2 * calendar.stepsPerWeek ? 7 : 1;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const before = calendar.earlier(i, days);
    const difference = before >= 0 ? (values[i] as number) - (values[before] as number) : Number.NaN;
    if (Number.isNaN(difference)) continue;
    sum += Math.abs(difference);
    count++;
  }
  return sum / count;
}

function meanActual({ values }: History, { origins, forecasts }: PastForecasts): number {
  let sum = 0;
  let count = 0;
  for (const [i, origin] of origins.entries()) {
    for (let lead = 1; lead <= (forecasts[i] as Float64Array).length; lead++) {
      const actual = values[origin + lead - 1] as number;
      if (Number.isNaN(actual)) continue;
      sum += actual;
      count++;
    }
  }
  return sum / count;
}

function measuredCoverage(
  history: History,
  { origins, forecasts }: PastForecasts,
  { horizonSteps, level, spread }: { horizonSteps: number; level: number; spread: ErrorSpread },
): number {
  const middle = [...origins].sort((a, b) => a - b)[origins.length >> 1] ?? 0;
  const early = origins.flatMap((origin, i) => (origin < middle ? [i] : []));
  const late = origins.flatMap((origin, i) => (origin >= middle ? [i] : []));
  const bands = errorBands(
    history,
    early.map((i) => origins[i] as number),
    early.map((i) => (forecasts[i] as Float64Array).slice(0, middle - (origins[i] as number))),
    horizonSteps,
    spread,
  );
  if (bands.middles.length === 0) return Number.NaN;
  let inside = 0;
  let count = 0;
  for (const i of late) {
    const forecast = forecasts[i] as Float64Array;
    const daySlotAt = (lead: number): number => history.calendar.daySlots[(origins[i] as number) + lead - 1] as number;
    const lower = quantilePath(forecast, bands, (1 - level) / 2, {
      intervalSec: history.calendar.intervalSec,
      daySlotAt,
    });
    const upper = quantilePath(forecast, bands, (1 + level) / 2, {
      intervalSec: history.calendar.intervalSec,
      daySlotAt,
    });
    for (let lead = 1; lead <= forecast.length; lead++) {
      const actual = history.values[(origins[i] as number) + lead - 1] as number;
      if (Number.isNaN(actual)) continue;
      count++;
      if (actual >= (lower[lead - 1] as number) && actual <= (upper[lead - 1] as number)) inside++;
    }
  }
  return inside / count;
}
