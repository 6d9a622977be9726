/**
 * What was measured: mean arrival rates over equal, back-to-back intervals. `ratesPerSec[i]` covers
 * `[startMs + i·intervalSec·1000, + intervalSec·1000)`; NaN is unknown, which is not 0. Any `ArrivalTrace` fits.
 */
export interface DemandSeries {
  startMs: number;
  intervalSec: number;
  ratesPerSec: Float64Array;
}

/** Something known to come, or known to have been: demand is multiplied while it lasts. */
export interface KnownEvent {
  name?: string;
  fromMs: number;
  toMs: number;
  /** ≥ 0; 1 changes nothing, 0 is a closure. */
  multiplier: number;
}

/** A day that behaves like another weekday, such as a public holiday that looks like a Sunday. */
export interface Holiday {
  /** Any moment of the local day. */
  dayMs: number;
  /** 0 Sunday to 6 Saturday; default 0. */
  likeWeekday?: number;
}

/** Product of the multipliers of all events at a moment. */
export function eventMultiplierAt(events: readonly KnownEvent[], ms: number): number {
  let multiplier = 1;
  for (const event of events) if (ms >= event.fromMs && ms < event.toMs) multiplier *= event.multiplier;
  return multiplier;
}

/**
 * The series as it would have been without its events: divided by their multipliers, unknown where a closure hid
 * the demand. Negative and endless values, which no rate can be, become unknown too.
 */
export function withoutEvents(series: DemandSeries, events: readonly KnownEvent[]): Float64Array {
  return series.ratesPerSec.map((rate, i) => {
    if (!(rate >= 0 && rate < Infinity)) return Number.NaN;
    if (events.length === 0) return rate;
    const multiplier = eventMultiplierAt(events, series.startMs + i * series.intervalSec * 1000);
    return multiplier > 0 ? rate / multiplier : Number.NaN;
  });
}
