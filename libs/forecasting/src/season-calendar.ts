import type { Holiday } from './demand-series.ts';
import { offsetsMinutes, type UtcOffset } from './wall-clock.ts';

const daySec = 86_400;

/** Where each step of a series stands in its day and week, by the clocks of the people who make the demand. */
export interface SeasonCalendar {
  intervalSec: number;
  stepsPerDay: number;
  stepsPerWeek: number;
  /** Slot of the local day, 0 to stepsPerDay - 1, for each step of history and horizon. */
  daySlots: Int32Array;
  /** Slot of the local week; on a holiday the slot of the weekday that it resembles. */
  weekSlots: Int32Array;
  /** The step `days` earlier at the same local time; may be negative (before the series). */
  earlier(step: number, days: number): number;
}

/**
 * Lays out the seasons of a series. Daily and weekly patterns follow the wall clock: across a change to daylight
 * saving 09:00 stays 09:00.
 *
 * @param steps history plus horizon
 * @param utcOffsetMinutesAt default: the series' clock is UTC, or local without daylight saving
 */
export function createSeasonCalendar(options: {
  startMs: number;
  intervalSec: number;
  steps: number;
  utcOffsetMinutesAt?: UtcOffset | undefined;
  holidays?: readonly Holiday[] | undefined;
}): SeasonCalendar {
  const { startMs, intervalSec, steps, utcOffsetMinutesAt, holidays = [] } = options;
  const stepsPerDay = Math.max(1, Math.round(daySec / intervalSec));
  const stepsPerWeek = 7 * stepsPerDay;
  const daySlots = new Int32Array(steps);
  const weekSlots = new Int32Array(steps);
  const offsets =
    utcOffsetMinutesAt && offsetsMinutes(utcOffsetMinutesAt, { startMs, intervalMs: intervalSec * 1000, count: steps });
  const likeWeekday = new Map<number, number>();
  for (const { dayMs, likeWeekday: weekday = 0 } of holidays) {
    likeWeekday.set(localDay(dayMs / 1000 + (utcOffsetMinutesAt?.(dayMs) ?? 0) * 60), weekday);
  }
  const startSec = startMs / 1000;
  for (let i = 0; i < steps; i++) {
    const localSec = startSec + i * intervalSec + (offsets?.[i] ?? 0) * 60;
    const day = localDay(localSec);
    const slot = Math.min(stepsPerDay - 1, Math.floor(((localSec - day * daySec) / daySec) * stepsPerDay + 1e-9));
    // 1970-01-01 was a Thursday, weekday 4.
    const weekday = likeWeekday.get(day) ?? (((day + 4) % 7) + 7) % 7;
    daySlots[i] = slot;
    weekSlots[i] = weekday * stepsPerDay + slot;
  }
  const earlier = (step: number, days: number): number => {
    const plain = step - days * stepsPerDay;
    if (!offsets || plain < 0) return plain;
    return plain + Math.round((((offsets[step] ?? 0) - (offsets[plain] ?? 0)) * 60) / intervalSec);
  };
  return { intervalSec, stepsPerDay, stepsPerWeek, daySlots, weekSlots, earlier };
}

function localDay(localSec: number): number {
  return Math.floor(localSec / daySec);
}
