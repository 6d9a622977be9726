import { type ErrorBands, errorBands } from './error-bands.ts';
import type { PastForecasts } from './forecast-accuracy.ts';
import type { ForecastModel, History } from './forecast-model.ts';
import { rollForward, spreadOrigins } from './rolling-origin.ts';

const longOrigins = 48;
const shortOrigins = 192;
const judgedShare = 0.4;
/** Errors of longer ago tell little about those to come. */
const judgedWeeksMax = 8;

/** First observation of the newest part of a history, on which forecasts are judged. */
export function judgedFrom({ values, calendar }: History): number {
  const steps = values.length;
  const judged = Math.min(Math.floor(steps * judgedShare), judgedWeeksMax * calendar.stepsPerWeek);
  return Math.max(1, steps - Math.max(1, judged));
}

/**
 * Errors of a model on the newest part of a history, with parameters fitted to the older part only.
 *
 * Short leads need many origins for their quantiles; long ones are costly, and overlap anyway.
 */
export function calibrate(
  model: ForecastModel,
  history: History,
  horizonSteps: number,
): { past: PastForecasts; bands: ErrorBands } {
  const from = judgedFrom(history);
  const to = history.values.length;
  const trial = model.fit(history, from);
  const shortSteps = Math.min(horizonSteps, Math.max(4, history.calendar.stepsPerDay >> 2));
  const long = spreadOrigins({ from, to, count: longOrigins });
  const used = new Set(long);
  const short = spreadOrigins({ from, to, count: shortOrigins }).filter((origin) => !used.has(origin));
  const past = {
    origins: [...long, ...short],
    forecasts: [...rollForward(trial, history, long, horizonSteps), ...rollForward(trial, history, short, shortSteps)],
  };
  return { past, bands: errorBands(history, past.origins, past.forecasts, horizonSteps) };
}
