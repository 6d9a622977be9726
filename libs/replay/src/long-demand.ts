import { durationSec, type Forecast, type ForecastConfig } from '@capplan/contracts';
import { createPoolForecaster, forecastPool, type PoolForecast, updatePoolForecaster } from '@capplan/forecasting';

/** Demand over days and weeks, learned as it comes. */
export interface LongDemand {
  /** Takes in one interval, given by its end. */
  observe(observation: { timeMs: number; arrivalRatePerSec: number | null; intervalSec: number }): void;
  /** The next hours, element 0 beginning at `fromMs`, with what is known of its accuracy and of anomalies. */
  forecastFrom(fromMs: number): Omit<Forecast, 'pool' | 'made_at'>;
}

const stepSec = 900;
/** How far later steps of a plan look, unless the policy says. */
const horizonSecDefault = 4 * 3600;
const horizonSecMax = 7 * 86_400;

/**
 * The online forecaster of days and weeks as a decision needs it: later steps of a plan, trust, and anomalies, which
 * hold scale-in. A new forecast is made when one of its steps of 15 minutes closes; in between it is shifted.
 *
 * Always the online model: another one named in a policy would be fitted anew each time, and changes no count of now.
 */
export function createLongDemand(config: ForecastConfig): LongDemand {
  const state = createPoolForecaster({
    stepSec,
    timeZone: config.time_zone ?? 'UTC',
    events: (config.events ?? []).map(({ name, from, to, multiplier }) => ({
      ...(name !== undefined && { name }),
      fromMs: Date.parse(from),
      toMs: Date.parse(to),
      multiplier,
    })),
  });
  const asked = config.horizon === undefined ? horizonSecDefault : durationSec(config.horizon);
  const horizonSec = Math.min(horizonSecMax, Math.max(stepSec, asked));
  let newest: { afterSteps: number; forecast: PoolForecast } | undefined;

  return {
    observe: ({ timeMs, arrivalRatePerSec, intervalSec }) => {
      const startMs = timeMs - intervalSec * 1000;
      updatePoolForecaster(state, { startMs, durationSec: intervalSec, ratePerSec: arrivalRatePerSec ?? Number.NaN });
    },
    forecastFrom: (fromMs) => {
      const afterSteps = state.firstStep + state.count;
      if (newest?.afterSteps !== afterSteps) newest = { afterSteps, forecast: forecastPool(state, { horizonSec }) };
      const { forecast } = newest;
      const over = Math.max(0, Math.floor((fromMs - forecast.startMs) / (stepSec * 1000)));
      const rest = (rates: Float64Array): number[] => Array.from(rates.subarray(Math.min(over, rates.length - 1)));
      return {
        step_s: stepSec,
        mean: rest(forecast.meanPerSec),
        intervals: forecast.intervals.map(({ level, lowerPerSec, upperPerSec }) => ({
          level,
          lower: rest(lowerPerSec),
          upper: rest(upperPerSec),
        })),
        model: forecast.model,
        accuracy: forecast.accuracy,
        trust: forecast.trust,
        anomaly: state.anomaly,
      };
    },
  };
}
