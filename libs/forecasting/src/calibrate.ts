import { type ErrorBands, errorBands } from './error-bands.ts';
import type { PastForecasts } from './forecast-accuracy.ts';
import type { ForecastModel, History } from './forecast-model.ts';
import { naive } from './models/naive.ts';
import { rollForward, spreadOrigins } from './rolling-origin.ts';

const longOrigins = 48;
const shortOrigins = 192;
const judgedShare = 0.4;
/** Histories shorter than this are thin; in them leads beyond this share of the judged part are not known. */
const thinDays = 8;
const thinShare = 0.25;
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
  const bands = errorBands(history, past.origins, past.forecasts, horizonSteps);
  if (to < thinDays * history.calendar.stepsPerDay) widenThin(bands, history, { from, horizonSteps });
  return { past, bands };
}

/**
 * In its first days a series has shown too little to know its errors at long leads: ten hours of an afternoon say
 * nothing about the night. Until it has, such leads are as uncertain as if the newest value were held, which the whole
 * history can tell.
 */
function widenThin(
  bands: ErrorBands,
  history: History,
  { from, horizonSteps }: { from: number; horizonSteps: number },
): void {
  const to = history.values.length;
  const origins = spreadOrigins({ from: 1, to, count: shortOrigins });
  const held = rollForward(naive.fit(history), history, origins, horizonSteps);
  const wide = errorBands(history, origins, held, horizonSteps, bands.spread);
  const seen = (to - from) * thinShare;
  for (const [band, middle] of wide.middles.entries()) {
    const quantiles = wide.quantiles[band] as Float64Array;
    const at = bands.middles.indexOf(middle);
    if (at < 0) {
      bands.middles.push(middle);
      bands.quantiles.push(quantiles);
    } else if (middle > seen) {
      bands.quantiles[at] = (bands.quantiles[at] as Float64Array).map((own, i) => {
        const other = quantiles[i] as number;
        return Math.abs(other) > Math.abs(own) ? other : own;
      });
    }
  }
}
