import { type ForecastModel, type History, lastKnown } from '../forecast-model.ts';

/**
 * Copies the value of the same local time one season ago; where that is unknown, of earlier seasons.
 *
 * The weekly one is hard to beat beyond an hour where people make the demand, and is the yardstick of the benchmarks.
 */
export const seasonalNaiveDay: ForecastModel = sameTimeModel('seasonal_naive_day', { seasonDays: 1, seasons: 1 });
export const seasonalNaiveWeek: ForecastModel = sameTimeModel('seasonal_naive_week', { seasonDays: 7, seasons: 1 });

/** Mean of the same time of the last four weeks: less noise than a copy, slower to follow growth. */
export const sameTimeMean: ForecastModel = sameTimeModel('same_time_mean', { seasonDays: 7, seasons: 4 });

function sameTimeModel(name: string, { seasonDays, seasons }: { seasonDays: number; seasons: number }): ForecastModel {
  return {
    name,
    stepsMin: ({ stepsPerDay }) => seasonDays * stepsPerDay,
    fit: (history) => ({
      forecast: (origin, horizonSteps) => {
        const out = new Float64Array(horizonSteps);
        for (let i = 0; i < horizonSteps; i++) {
          out[i] = meanOfSameTime(history, origin, origin + i, { seasonDays, seasons });
        }
        return out;
      },
    }),
  };
}

function meanOfSameTime(
  { values, calendar }: History,
  origin: number,
  step: number,
  { seasonDays, seasons }: { seasonDays: number; seasons: number },
): number {
  let sum = 0;
  let found = 0;
  for (let days = seasonDays; found < seasons; days += seasonDays) {
    const at = calendar.earlier(step, days);
    if (at < 0) break;
    const value = at < origin ? (values[at] as number) : Number.NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    found++;
  }
  return found > 0 ? sum / found : lastKnown(values, origin);
}
