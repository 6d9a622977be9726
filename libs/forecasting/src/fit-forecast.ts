import { calibrate, judgedFrom } from './calibrate.ts';
import { type CandidateScore, chooseModel } from './choose-model.ts';
import { type DemandSeries, eventMultiplierAt, type Holiday, type KnownEvent, withoutEvents } from './demand-series.ts';
import { quantilePath } from './error-bands.ts';
import { type ForecastAccuracy, measureAccuracy } from './forecast-accuracy.ts';
import type { History } from './forecast-model.ts';
import { type ForecastModelName, forecastModels } from './models/catalogue.ts';
import { rateOrNothing } from './rate-or-nothing.ts';
import { createSeasonCalendar } from './season-calendar.ts';
import type { UtcOffset } from './wall-clock.ts';
import { withoutFaults } from './without-faults.ts';

export interface ForecastOptions {
  /** Steps ahead, at least 1 and at most one week. */
  horizonSteps: number;
  /** Central probability of each interval, inside (0, 1); default 0.8 and 0.95. */
  levels?: readonly number[] | undefined;
  /** One model, or the choice of the best by error on this series; default 'auto'. */
  model?: ForecastModelName | 'auto' | undefined;
  events?: readonly KnownEvent[] | undefined;
  holidays?: readonly Holiday[] | undefined;
  /** Clock that days and weeks follow; see `utcOffsetOf`. Default: the series' own. */
  utcOffsetMinutesAt?: UtcOffset | undefined;
}

export interface ForecastInterval {
  level: number;
  lowerPerSec: Float64Array;
  upperPerSec: Float64Array;
}

/** Demand ahead: element i covers `[startMs + i·intervalSec·1000, + intervalSec·1000)`. */
export interface DemandForecast {
  model: ForecastModelName;
  startMs: number;
  intervalSec: number;
  /**
   * The central forecast, which makes absolute errors small. Where demand is skewed it lies nearer to the median than
   * to the mean; size for a quantile, not for this.
   */
  meanPerSec: Float64Array;
  intervals: ForecastInterval[];
  /** Measured on the newest part of this series, with parameters that had not seen it. */
  accuracy: ForecastAccuracy;
  /** What was compared, best first; empty when a model was named. */
  candidates: CandidateScore[];
}

export type ForecastResult =
  | { ok: true; forecast: DemandForecast }
  | { ok: false; reason: 'no_data' | 'too_short' | 'bad_horizon'; detail: string };

/** Fewer known values say nothing about errors. */
const knownMin = 12;

/**
 * Fits a forecast to a series and looks ahead from its end.
 *
 * Single values that resemble nothing else in the series count as unknown, for the forecast and for its accuracy; see
 * `withoutFaults`.
 *
 * Parameters are fitted twice: on the older part, to measure errors on the newer one (for the choice of the model, the
 * intervals and the accuracy), then on everything. Intervals assume that errors to come resemble those of the newer
 * part; after a change of regime they are too narrow until enough of the new one has been seen.
 *
 * @example fitForecast(trace, { horizonSteps: 96 })
 */
export function fitForecast(series: DemandSeries, options: ForecastOptions): ForecastResult {
  const { horizonSteps, levels = [0.8, 0.95], model = 'auto', events = [] } = options;
  const steps = series.ratesPerSec.length;
  const values = withoutEvents(series, events);
  const known = values.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
  if (known === 0) return { ok: false, reason: 'no_data', detail: 'the series holds no known value' };
  const calendar = createSeasonCalendar({
    startMs: series.startMs,
    intervalSec: series.intervalSec,
    steps: steps + Math.max(horizonSteps, Math.round(604_800 / series.intervalSec)),
    utcOffsetMinutesAt: options.utcOffsetMinutesAt,
    holidays: options.holidays,
  });
  if (!(Number.isInteger(horizonSteps) && horizonSteps >= 1 && horizonSteps <= calendar.stepsPerWeek)) {
    const detail = `horizonSteps is ${horizonSteps}; one step to one week (${calendar.stepsPerWeek}) can be forecast`;
    return { ok: false, reason: 'bad_horizon', detail };
  }
  const history: History = { values: withoutFaults(values, calendar), calendar };
  const needed = Math.max(knownMin, model === 'auto' ? 0 : forecastModels[model].stepsMin(calendar));
  if (known < needed) {
    const who = model === 'auto' ? 'a forecast with intervals' : model;
    const detail = `${who} needs at least ${needed} known intervals of ${series.intervalSec} s, the series has ${known}`;
    return { ok: false, reason: 'too_short', detail };
  }

  const chosen =
    model === 'auto'
      ? chooseModel(history, { judgedFrom: judgedFrom(history), known, horizonSteps })
      : { name: model, scores: [] };
  const { past, bands } = calibrate(forecastModels[chosen.name], history, horizonSteps);
  const meanPerSec = forecastModels[chosen.name].fit(history, steps).forecast(steps, horizonSteps).map(rateOrNothing);

  const startMs = series.startMs + steps * series.intervalSec * 1000;
  const multipliers = meanPerSec.map((_, i) => eventMultiplierAt(events, startMs + i * series.intervalSec * 1000));
  const withEvents = (path: Float64Array): Float64Array => path.map((rate, i) => rate * (multipliers[i] as number));
  const daySlotAt = (lead: number): number => calendar.daySlots[steps + lead - 1] as number;
  return {
    ok: true,
    forecast: {
      model: chosen.name,
      startMs,
      intervalSec: series.intervalSec,
      meanPerSec: withEvents(meanPerSec),
      intervals: levels.map((level) => ({
        level,
        lowerPerSec: withEvents(
          quantilePath(meanPerSec, bands, (1 - level) / 2, { intervalSec: series.intervalSec, daySlotAt }),
        ),
        upperPerSec: withEvents(
          quantilePath(meanPerSec, bands, (1 + level) / 2, { intervalSec: series.intervalSec, daySlotAt }),
        ),
      })),
      accuracy: measureAccuracy(history, past, { horizonSteps, level: 0.95, spread: bands.spread }),
      candidates: chosen.scores,
    },
  };
}
