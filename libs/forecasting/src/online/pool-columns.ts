import type { History } from '../forecast-model.ts';
import { createShapeBuilder, type ShapeBuilder } from '../regression/demand-shape.ts';
import { createFeatureReader, type FeatureReader } from '../regression/features.ts';
import { createSeasonCalendar, type SeasonCalendar } from '../season-calendar.ts';
import { type UtcOffset, utcOffsetOf } from '../wall-clock.ts';
import { type PoolForecasterState, stepsDropped, stepsKept } from './pool-state.ts';

/** What follows from a state's rates, kept beside it so that one more step costs constant time. */
export interface PoolColumns {
  calendar: SeasonCalendar;
  builder: ShapeBuilder;
  reader: FeatureReader;
}

/*
 * Columns are a cache: reading the kept rates again gives the very same numbers, because they are read in the same
 * order from the same first step. That is what lets the wire form leave them out and still restore exactly.
 */
const cache = new WeakMap<PoolForecasterState, PoolColumns>();

export function columnsOf(state: PoolForecasterState): PoolColumns {
  const cached = cache.get(state);
  if (cached) return cached;
  const calendar = createSeasonCalendar({
    startMs: state.firstStep * state.stepSec * 1000,
    intervalSec: state.stepSec,
    steps: stepsKept + stepsDropped + Math.round(604_800 / state.stepSec) + 1,
    utcOffsetMinutesAt: offsetOf(state.timeZone),
    holidays: state.holidays,
  });
  const builder = createShapeBuilder(calendar, { from: 0, capacity: stepsKept + stepsDropped, scale: state.scale });
  for (let i = 0; i < state.count; i++) builder.push(state.rates[i] as number);
  const columns = { calendar, builder, reader: createFeatureReader(builder.shape, calendar, 0) };
  cache.set(state, columns);
  return columns;
}

/** To be called when the first step or the scale changes. */
export function forgetColumns(state: PoolForecasterState): void {
  cache.delete(state);
}

/** The kept rates as the fitting of batch forecasts wants them. */
export function historyOf(state: PoolForecasterState): History {
  return { values: Float64Array.from(state.rates.subarray(0, state.count)), calendar: columnsOf(state).calendar };
}

const offsets = new Map<string, UtcOffset>();

function offsetOf(timeZone: string): UtcOffset | undefined {
  if (timeZone === 'UTC') return undefined;
  let offset = offsets.get(timeZone);
  if (!offset) {
    offset = utcOffsetOf(timeZone);
    offsets.set(timeZone, offset);
  }
  return offset;
}
