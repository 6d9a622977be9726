import type { SeasonCalendar } from './season-calendar.ts';

/** A series made ready for models: events taken out, unknown values NaN, and the calendar of history and horizon. */
export interface History {
  values: Float64Array;
  calendar: SeasonCalendar;
}

/** A model with its parameters fixed. */
export interface FittedModel {
  /**
   * Forecast from an origin, which may lie later than the data that the parameters were fitted on.
   *
   * @param origin number of observations used; nothing at or after it is looked at
   * @returns rate per second for each of the next steps, never negative
   */
  forecast(origin: number, horizonSteps: number): Float64Array;
}

/** A way to forecast demand. */
export interface ForecastModel {
  name: string;
  /** Known observations below which fitting makes no sense. */
  stepsMin(calendar: SeasonCalendar): number;
  /** Chooses parameters from the first `steps` observations only. */
  fit(history: History, steps: number): FittedModel;
}

/** The newest known value before `origin`; 0 when nothing is known. */
export function lastKnown(values: Float64Array, origin: number): number {
  for (let i = origin - 1; i >= 0; i--) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) return value;
  }
  return 0;
}
