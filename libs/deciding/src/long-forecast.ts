import type { Forecast, Policy } from '@capplan/contracts';
import {
  type ForecastModelName,
  fitForecast,
  forecastPool,
  type PoolForecast,
  type PoolForecasterState,
  utcOffsetOf,
} from '@capplan/forecasting';
import type { ModelSettings } from './model-settings.ts';

/** The long forecast of one pool. */
export interface LongForecast {
  startMs: number;
  stepSec: number;
  meanPerSec: ArrayLike<number>;
  intervals: { level: number; lowerPerSec: ArrayLike<number>; upperPerSec: ArrayLike<number> }[];
  model: string;
  accuracy: Forecast['accuracy'];
  trust: Forecast['trust'];
  anomaly: Forecast['anomaly'];
}

const levels = [0.5, 0.8, 0.95] as const;
const weekSec = 604_800;
/** A named model is trusted and demoted at these errors relative to a plain copy; between them it stays what it was. */
const trustedMaseMax = 1.05;
const demotedMaseMin = 1.3;
const trustedDaysMin = 3;

/**
 * Demand for the next `horizonSec`, from the newest closed step.
 *
 * With model `auto`, the online forecaster's own. With a named model, that one fitted to the same history; where its
 * history is too short for it, the online one, and the answer says so.
 */
export function longForecast(
  state: PoolForecasterState,
  { settings, horizonSec }: { settings: ModelSettings; horizonSec: number },
  previousTrust?: Forecast['trust'],
): LongForecast {
  const own = (): LongForecast => {
    const forecast: PoolForecast = forecastPool(state, { horizonSec: Math.min(weekSec, horizonSec), levels });
    const { trust, ...rest } = forecast;
    return { ...rest, trust: { state: trust.state, reason: trust.reason.slice(0, 512) } };
  };
  if (settings.model === 'auto' || state.count === 0) return own();

  const daysKept = (state.count * state.stepSec) / 86_400;
  const fitted = fitForecast(
    {
      startMs: state.firstStep * state.stepSec * 1000,
      intervalSec: state.stepSec,
      // Its own copy: the model must not see the state change underneath.
      ratesPerSec: withEvents(state),
    },
    {
      horizonSteps: Math.ceil(Math.min(weekSec, horizonSec) / state.stepSec),
      levels,
      model: nameOf(settings.model, daysKept),
      events: settings.events,
      utcOffsetMinutesAt: utcOffsetOf(settings.timeZone),
    },
  );
  if (!fitted.ok) {
    const fallback = own();
    const reason = `${settings.model} cannot be fitted yet (${fitted.detail}); ${fallback.trust.reason}`;
    return { ...fallback, trust: { ...fallback.trust, reason: reason.slice(0, 512) } };
  }
  const { forecast } = fitted;
  const { mase, wape, coverage } = forecast.accuracy;
  return {
    startMs: forecast.startMs,
    stepSec: forecast.intervalSec,
    meanPerSec: forecast.meanPerSec,
    intervals: forecast.intervals,
    model: forecast.model,
    accuracy: { mase, wape, coverage },
    trust: trustOf({ mase, daysKept, previous: previousTrust }),
    anomaly: state.anomaly,
  };
}

/** Trust with hysteresis for a model that has no online record of its own. */
export function trustOf(evidence: {
  mase: number | null;
  daysKept: number;
  previous: Forecast['trust'] | undefined;
}): Forecast['trust'] {
  const { mase, daysKept, previous } = evidence;
  if (mase === null || daysKept < trustedDaysMin) {
    return { state: 'learning', reason: `${daysKept.toFixed(1)} of ${trustedDaysMin} days seen` };
  }
  const reason = `errors ${mase.toFixed(2)} of those of a plain copy`;
  if (mase <= trustedMaseMax) return { state: 'trusted', reason };
  if (mase >= demotedMaseMin) return { state: previous?.state === 'learning' ? 'learning' : 'demoted', reason };
  return { state: previous?.state ?? 'learning', reason };
}

function nameOf(model: NonNullable<Policy['forecast']['model']>, daysKept: number): ForecastModelName | 'auto' {
  if (model === 'seasonal_naive') return daysKept >= 8 ? 'seasonal_naive_week' : 'seasonal_naive_day';
  return model;
}

/** Rates as they were measured: the state keeps them without the effect of its events. */
function withEvents(state: PoolForecasterState): Float64Array {
  return Float64Array.from(state.rates.subarray(0, state.count), (rate, i) => {
    const atMs = (state.firstStep + i) * state.stepSec * 1000;
    let multiplier = 1;
    for (const event of state.events) if (atMs >= event.fromMs && atMs < event.toMs) multiplier *= event.multiplier;
    return rate * multiplier;
  });
}
