import type { SeasonCalendar } from '../season-calendar.ts';
import { type DemandShape, deviationHalfLivesHours, fastAverages } from './demand-shape.ts';

const recent = deviationHalfLivesHours.length;
/** Of the averages of deviations, the one that is also looked up a week earlier. */
const weeklyLookback = 2;

/** What goes far beyond all that is usual is expected to be over after about so long, seconds. */
const excessSec = 7200;

export const featureCount = recent + 8;
/** Whether a feature tells something new only once a week; the others speak of the newest hours and days. */
export function isWeekly(feature: number): boolean {
  return feature >= recent && ![recent + 2, recent + 3, recent + 7].includes(feature);
}

export const interceptAt = recent + 5;

/** Reads the features of any (origin, lead) pair of one series; origins count from the start of the shape. */
export interface FeatureReader {
  shape: DemandShape;
  /** Step of the calendar at which the shape begins. */
  from: number;
  /** Level plus week shape: what the regression corrects. */
  base(origin: number, lead: number): number;
  /** Writes the features into `into` at `offset`. */
  read(origin: number, lead: number, into: Float64Array, offset: number): void;
}

export function createFeatureReader(shape: DemandShape, calendar: SeasonCalendar, from: number): FeatureReader {
  const { stepsPerDay, stepsPerWeek } = calendar;
  const { level, weekShape, lastWeek, dayShape, deviation, averages, excess } = shape;
  const weekAgo = averages[weeklyLookback] as Float64Array;
  return {
    shape,
    from,
    base: (origin, lead) => (level[origin - 1] as number) + (weekShape[origin - 1 + lead] as number),
    read: (origin, lead, into, offset) => {
      const now = origin - 1;
      const step = now + lead;
      const days = Math.ceil(lead / stepsPerDay);
      const week = weekShape[step] as number;
      const sameTime = calendar.earlier(from + step, days) - from;
      const sameTimeDeviation = sameTime >= 0 && sameTime <= now ? (deviation[sameTime] as number) : 0;
      const hasWeek = now >= stepsPerWeek;
      for (let i = 0; i < recent; i++) into[offset + i] = (averages[i] as Float64Array)[now] as number;
      const lasting = Math.exp((-lead * calendar.intervalSec) / excessSec);
      for (let i = 0; i < fastAverages; i++) {
        into[offset + i] = (into[offset + i] as number) + lasting * ((excess[i] as Float64Array)[now] as number);
      }
      into[offset + recent] = week;
      into[offset + recent + 1] = (lastWeek[step] as number) - week;
      into[offset + recent + 2] = (dayShape[step - (days - 1) * stepsPerDay] as number) - week;
      into[offset + recent + 3] = Number.isNaN(sameTimeDeviation) ? 0 : sameTimeDeviation;
      into[offset + recent + 4] = hasWeek ? (level[now] as number) - (level[now - stepsPerWeek] as number) : 0;
      into[offset + recent + 5] = 1;
      into[offset + recent + 6] = hasWeek ? (weekAgo[now - stepsPerWeek] as number) : 0;
      // With a coefficient of -1 the season is not followed at all; beyond a day `week` alone can say as much.
      into[offset + recent + 7] = lead < stepsPerDay ? week - (weekShape[now] as number) : 0;
    },
  };
}

/** What to believe before the data speaks: recent deviations persist and fade with the lead, nothing else matters. */
export function priorCoefficients(leadHours: number): Float64Array {
  const prior = new Float64Array(featureCount);
  prior[0] = 0.5 * Math.exp(-leadHours / 2);
  prior[1] = 0.3 * Math.exp(-leadHours / 6);
  prior[2] = 0.2 * Math.exp(-leadHours / 18);
  return prior;
}
