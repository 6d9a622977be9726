import { type FittedModel, type ForecastModel, type History, lastKnown } from '../forecast-model.ts';
import type { SeasonCalendar } from '../season-calendar.ts';

/** Days over which growth is measured, more than a step of the level of two weeks can pass for growth in. */
const growthDays = 28;
/** Days over which the shape of a day is averaged. */
const shapeDays = 7;
/** Weeks over which what a weekday has of its week is averaged; below two of them weekdays are taken for alike. */
const shapeWeeks = 3;
const daysMin = 3;
/** Share of the growth of one day that is left on the next. */
const dampingPerDay = 0.9;
/** What the last two hours were above or below the rest fades like this. */
const recentHours = 2;
const recentMemoryHours = 3;

/**
 * Demand that grows or shrinks steadily, with the shape of a day and of a week: the mean of the last 24 hours, moved on
 * by the median growth of the last four weeks, times what each weekday usually has of its week and each time of the day
 * of its day.
 *
 * Growth is measured between whole days, and between the same weekdays where there are enough, so that neither the
 * hours nor the weekend pass for growth. It is damped by a tenth a day: no trend goes on for ever.
 *
 * @see Theil, A rank-invariant method of linear and polynomial regression analysis, 1950;
 * Gardner & McKenzie, Forecasting trends in time series, Management Science 31 (1985), for the damping
 */
export const growingSeason: ForecastModel = {
  name: 'growing_season',
  stepsMin: ({ stepsPerDay }) => daysMin * stepsPerDay,
  fit: (history): FittedModel => {
    const sums = runningSums(history.values);
    return {
      forecast: (origin, horizonSteps) => {
        const newestDay = meanOf(sums, origin - history.calendar.stepsPerDay, origin);
        return Number.isNaN(newestDay)
          ? new Float64Array(horizonSteps).fill(lastKnown(history.values, origin))
          : forecastFrom(history, sums, { origin, horizonSteps });
      },
    };
  },
};

/** Sums and numbers of known values before each step. */
interface RunningSums {
  sum: Float64Array;
  known: Int32Array;
}

function runningSums(values: Float64Array): RunningSums {
  const sum = new Float64Array(values.length + 1);
  const known = new Int32Array(values.length + 1);
  for (const [i, value] of values.entries()) {
    const unknown = Number.isNaN(value);
    sum[i + 1] = (sum[i] as number) + (unknown ? 0 : value);
    known[i + 1] = (known[i] as number) + (unknown ? 0 : 1);
  }
  return { sum, known };
}

/** Mean of the known values in [from, to); NaN where less than half of them are. */
function meanOf({ sum, known }: RunningSums, from: number, to: number): number {
  if (from < 0) return Number.NaN;
  const count = (known[to] as number) - (known[from] as number);
  return 2 * count >= to - from && count > 0 ? ((sum[to] as number) - (sum[from] as number)) / count : Number.NaN;
}

function forecastFrom(
  history: History,
  sums: RunningSums,
  { origin, horizonSteps }: { origin: number; horizonSteps: number },
): Float64Array {
  const { values, calendar } = history;
  const { stepsPerDay, intervalSec } = calendar;
  const growth = growthPerDay(sums, origin, stepsPerDay);
  const meanOfDay = (step: number): number => {
    const midnight = step - (calendar.daySlots[step] as number);
    return midnight + stepsPerDay <= origin ? meanOf(sums, midnight, midnight + stepsPerDay) : Number.NaN;
  };
  const ofWeek = weekdayShares({ calendar, origin, growth, meanOfDay, sums });
  const ofDay = dayShares(history, { origin, growth, meanOfDay });
  const shareAt = (step: number): number => ofWeek(step) * ofDay(step);

  /** How the newest steps compare with what is said of them; 1 where nothing was expected. */
  const ratioOf = (steps: number, expectedAt: (step: number) => number): number => {
    let seen = 0;
    let expected = 0;
    for (let step = Math.max(0, origin - steps); step < origin; step++) {
      const value = values[step] as number;
      if (Number.isNaN(value)) continue;
      seen += value;
      expected += expectedAt(step);
    }
    return expected > 0 ? seen / expected : 1;
  };
  const level = ratioOf(stepsPerDay, shareAt);
  /** Level after the middle of the newest day: a line before the origin, damped after it. */
  const levelAt = (step: number): number => {
    const ahead = (step - origin) / stepsPerDay;
    const grown = ahead <= 0 ? ahead : (1 - dampingPerDay ** ahead) / -Math.log(dampingPerDay);
    return Math.max(0, level + growth * (0.5 + grown));
  };
  const expectedAt = (step: number): number => levelAt(step) * shareAt(step);
  const recentSteps = Math.max(1, Math.round((recentHours * 3600) / intervalSec));
  const recent = Math.min(2, Math.max(0.5, ratioOf(recentSteps, expectedAt)));
  return Float64Array.from({ length: horizonSteps }, (_, i) => {
    const lasting = Math.exp(-((i + 1) * intervalSec) / (recentMemoryHours * 3600));
    return expectedAt(origin + i) * (1 + (recent - 1) * lasting);
  });
}

/** Median growth from one day to the next. */
function growthPerDay(sums: RunningSums, origin: number, stepsPerDay: number): number {
  const days = Array.from({ length: growthDays }, (_, day) =>
    meanOf(sums, origin - (day + 1) * stepsPerDay, origin - day * stepsPerDay),
  );
  const slopesOver = (distances: (distance: number) => boolean): number[] => {
    const slopes: number[] = [];
    for (let newer = 0; newer < days.length; newer++) {
      for (let older = newer + 1; older < days.length; older++) {
        const slope = ((days[newer] as number) - (days[older] as number)) / (older - newer);
        if (distances(older - newer) && !Number.isNaN(slope)) slopes.push(slope);
      }
    }
    return slopes;
  };
  const weekly = slopesOver((distance) => distance === 7);
  const slopes = weekly.length >= 3 ? weekly : slopesOver(() => true);
  return medianOf(slopes, 0);
}

interface Shares {
  calendar: SeasonCalendar;
  origin: number;
  /** Of the mean, from one day to the next. */
  growth: number;
  /** Mean of the day that a step is in; NaN where that day is unknown or not over. */
  meanOfDay: (step: number) => number;
}

/** What the day of a step usually has of the week around it, growth taken out; 1 before two weeks are known. */
function weekdayShares({
  calendar,
  origin,
  growth,
  meanOfDay,
  sums,
}: Shares & { sums: RunningSums }): (step: number) => number {
  const { stepsPerDay, stepsPerWeek, weekSlots, daySlots } = calendar;
  const halfWeek = stepsPerWeek >> 1;
  const shareOfDay = (step: number): number => {
    const noon = step - (daySlots[step] as number) + (stepsPerDay >> 1);
    const middle = Math.min(Math.max(noon, halfWeek), origin - halfWeek);
    const week = meanOf(sums, middle - halfWeek, middle + halfWeek) + (growth * (noon - middle)) / stepsPerDay;
    return week > 0 ? meanOfDay(step) / week : Number.NaN;
  };
  const shares = new Map<number, number>();
  return (step) => {
    if (origin < 2 * stepsPerWeek) return 1;
    const weekday = Math.floor((weekSlots[step] as number) / stepsPerDay);
    let share = shares.get(weekday);
    if (share === undefined) {
      // A week in which the level stepped is not to be taken for how weeks are.
      share = medianOf(earlierShares({ calendar, origin, step }, { days: 7, count: shapeWeeks }, shareOfDay), 1);
      shares.set(weekday, share);
    }
    return share;
  };
}

/** What a time of the day usually has of the mean of its day, growth taken out. */
function dayShares(
  { values, calendar }: History,
  { origin, growth, meanOfDay }: Omit<Shares, 'calendar'>,
): (step: number) => number {
  const { stepsPerDay, daySlots } = calendar;
  const shareOfStep = (step: number): number => {
    const level = meanOfDay(step) + growth * ((daySlots[step] as number) / stepsPerDay - 0.5);
    return level > 0 ? (values[step] as number) / level : Number.NaN;
  };
  const shares = new Float64Array(stepsPerDay).fill(Number.NaN);
  return (step) => {
    const slot = daySlots[step] as number;
    if (Number.isNaN(shares[slot] as number)) {
      const earlier = earlierShares({ calendar, origin, step }, { days: 1, count: shapeDays }, shareOfStep);
      shares[slot] = meanOfList(earlier, 1);
    }
    return shares[slot] as number;
  };
}

/** The newest known shares of the same time on earlier days, newest first. */
function earlierShares(
  { calendar, origin, step }: { calendar: SeasonCalendar; origin: number; step: number },
  { days, count }: { days: number; count: number },
  shareAt: (step: number) => number,
): number[] {
  const found: number[] = [];
  for (let times = 0; found.length < count; times++) {
    const at = calendar.earlier(step, times * days);
    if (at < 0) break;
    const share = at < origin ? shareAt(at) : Number.NaN;
    if (!Number.isNaN(share)) found.push(share);
  }
  return found;
}

function meanOfList(list: readonly number[], otherwise: number): number {
  return list.length > 0 ? list.reduce((sum, value) => sum + value, 0) / list.length : otherwise;
}

function medianOf(list: readonly number[], otherwise: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? otherwise : (low + high) / 2;
}
