import { calibrate } from '../calibrate.ts';
import { eventMultiplierAt } from '../demand-series.ts';
import { quantilePath } from '../error-bands.ts';
import type { ForecastInterval } from '../fit-forecast.ts';
import type { ForecastAccuracy } from '../forecast-accuracy.ts';
import { rootScale } from '../regression/demand-shape.ts';
import { ladderModel, priorLadder, shapeRegression } from '../regression/shape-regression.ts';
import type { Anomaly } from './anomaly.ts';
import { columnsOf, forgetColumns, historyOf } from './pool-columns.ts';
import { bandsOrGuess, widthOf } from './pool-intervals.ts';
import type { PoolForecasterState } from './pool-state.ts';
import type { Trust } from './trust.ts';

const daySec = 86_400;

/** Demand ahead: element i covers `[startMs + i·stepSec·1000, + stepSec·1000)`. */
export interface PoolForecast {
  startMs: number;
  stepSec: number;
  meanPerSec: Float64Array;
  intervals: ForecastInterval[];
  model: string;
  /** Measured on forecasts that were really made, one day ahead or as far as has been judged yet. */
  accuracy: ForecastAccuracy;
  trust: Trust;
  anomaly: Anomaly | null;
}

/**
 * A fit on less than a week takes the days it has seen for the week: on 21 first weeks of nine traces the errors of the prior
 * coefficients were 1.14 of a plain copy's at the end of the eighth day, where those fitted from the second day on had 1.38.
 */
const fitDaysMin = 7;

/** True when so much has been learned since the last fit that another one pays. */
export function isRefitDue(state: PoolForecasterState): boolean {
  const stepsPerDay = daySec / state.stepSec;
  if (state.count < fitDaysMin * stepsPerDay || state.learned < stepsPerDay) return false;
  if (!state.fit) return true;
  const since = state.firstStep + state.count - state.fit.atStep;
  return since >= (state.count < 14 * stepsPerDay ? stepsPerDay / 4 : stepsPerDay);
}

/** Learns coefficients and error quantiles anew from the kept history; takes some ten milliseconds. */
export function refitPoolForecaster(state: PoolForecasterState): PoolForecasterState {
  const history = historyOf(state);
  const horizonSteps = history.calendar.stepsPerWeek;
  rescale(state, rootScale(state.rates, 0, state.count));
  const { bands } = calibrate(shapeRegression, history, horizonSteps);
  const { ladder } = shapeRegression.fit(history, state.count);
  state.fit = { atStep: state.firstStep + state.count, ladder, bands };
  return state;
}

function rescale(state: PoolForecasterState, scale: number): void {
  const ratio = scale / state.scale;
  state.anomalyWatch.spread *= ratio;
  state.anomalyWatch.slowSpread *= ratio;
  state.scale = scale;
  forgetColumns(state);
}

/**
 * Forecasts a pool from its newest closed step. Fits first when a fit is due.
 *
 * @param horizonSec at most one week; default one day
 * @param levels central probability of each interval, inside (0, 1)
 */
export function forecastPool(
  state: PoolForecasterState,
  { horizonSec = daySec, levels = [0.8, 0.95] }: { horizonSec?: number; levels?: readonly number[] } = {},
): PoolForecast {
  if (!(horizonSec > 0 && horizonSec <= 7 * daySec)) {
    throw new RangeError(`horizonSec is ${horizonSec}; it must be above 0 and at most one week`);
  }
  if (isRefitDue(state)) refitPoolForecaster(state);
  const horizonSteps = Math.max(1, Math.ceil(horizonSec / state.stepSec));
  const startMs = (state.firstStep + state.count) * state.stepSec * 1000;
  const stepMs = state.stepSec * 1000;
  const withEvents = (path: Float64Array): Float64Array =>
    state.events.length === 0
      ? path
      : path.map((rate, i) => rate * eventMultiplierAt(state.events, startMs + i * stepMs));
  const meanPerSec = plainForecast(state, horizonSteps);
  const bands = bandsOrGuess(state);
  const { daySlots } = columnsOf(state).calendar;
  const scaling = {
    intervalSec: state.stepSec,
    daySlotAt: (lead: number): number => daySlots[state.count + lead - 1] as number,
    widthAt: (lead: number): number => widthOf(state, lead),
  };
  return {
    startMs,
    stepSec: state.stepSec,
    meanPerSec: withEvents(meanPerSec),
    intervals: levels.map((level) => ({
      level,
      lowerPerSec: withEvents(quantilePath(meanPerSec, bands, (1 - level) / 2, scaling)),
      upperPerSec: withEvents(quantilePath(meanPerSec, bands, (1 + level) / 2, scaling)),
    })),
    model: state.fit ? shapeRegression.name : 'fading_average',
    accuracy: poolAccuracy(state),
    trust: state.trust,
    anomaly: state.anomaly,
  };
}

function plainForecast(state: PoolForecasterState, horizonSteps: number): Float64Array {
  if (state.learned === 0 || state.count === 0) return new Float64Array(horizonSteps);
  const { builder, reader } = columnsOf(state);
  builder.lookAhead(horizonSteps);
  return ladderModel(reader, state.fit?.ladder ?? priorLadder(state.stepSec)).forecast(state.count, horizonSteps);
}

/** The longest watched lead with at least a day of outcomes speaks for the forecast. */
function poolAccuracy(state: PoolForecasterState): ForecastAccuracy {
  const judged = state.records.filter(({ outcomes }) => outcomes * state.stepSec >= daySec).at(-1);
  if (!judged) return { mase: null, wape: null, coverage: null };
  const { error, copyError, demand, covered, weight } = judged.slow;
  const ratio = (a: number, b: number): number | null => (b > 0 ? a / b : null);
  return { mase: ratio(error, copyError), wape: ratio(error, demand), coverage: ratio(covered, weight) };
}
