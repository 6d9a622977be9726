import { type ErrorSpread, eachError, measureSpread, spreadAt } from './error-spread.ts';
import type { History } from './forecast-model.ts';
import { rateOrNothing } from './rate-or-nothing.ts';

/**
 * Quantiles of the past errors of a forecaster by lead, in the square-root domain and relative to the spread that is
 * usual at that height of demand and time of day. Bands hold neighbouring leads together.
 */
export interface ErrorBands {
  spread: ErrorSpread;
  /** Geometric middle of each band, steps, ascending. */
  middles: number[];
  /** For each band the relative error at each of `bandProbabilities`. */
  quantiles: Float64Array[];
}

/** Probabilities that are kept; between two of them errors are interpolated on the normal scale. */
export const bandProbabilities: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999,
];
const normalScores = bandProbabilities.map(normalQuantile);

const errorsMin = 4;
const bandGrowth = 1.35;
/** Leads beyond any that was measured widen like a random walk, up to this factor. */
const beyondMax = 8;
const overlapWidening = 1.2;
const driftWidening = 0.2;

/** First lead of each band: every lead on its own at first, then wider by about a third each. */
function bandStarts(horizonSteps: number): number[] {
  const starts: number[] = [];
  for (let lead = 1; lead <= horizonSteps; lead = Math.max(lead + 1, Math.round(lead * bandGrowth))) starts.push(lead);
  return starts;
}

/**
 * Collects the errors of past forecasts into bands.
 *
 * Errors at a long lead overlap: a span of a few leads holds only a few independent ones, which look more alike than
 * those to come will. And the further ahead, the more the series has moved away from the sample. Quantiles are therefore
 * widened, by the share of the lead in the span and by up to a fifth over the first day.
 *
 * @param forecasts one for each origin; may be shorter than the horizon
 * @param measured spread to use; measured on these forecasts when left out
 */
export function errorBands(
  { values, calendar }: History,
  origins: readonly number[],
  forecasts: readonly Float64Array[],
  horizonSteps: number,
  measured?: ErrorSpread,
): ErrorBands {
  const past = { values, daySlots: calendar.daySlots, origins, forecasts };
  const spread = measured ?? measureSpread(past, calendar.stepsPerDay);
  const bands: ErrorBands = { spread, middles: [], quantiles: [] };
  const starts = bandStarts(horizonSteps);
  const spanSteps = values.length - origins.reduce((least, origin) => Math.min(least, origin), values.length);
  for (const [band, start] of starts.entries()) {
    const end = (starts[band + 1] ?? horizonSteps + 1) - 1;
    const errors: number[] = [];
    eachError(past, { leadMin: start, leadMax: end, stride: 1 }, (error, root, slot) => {
      errors.push(error / spreadAt(spread, root, slot));
    });
    if (errors.length < errorsMin) continue;
    const sorted = Float64Array.from(errors).sort();
    const middle = Math.sqrt(start * end);
    const drifted = Math.min(1, Math.log(middle) / Math.log(Math.max(2, calendar.stepsPerDay)));
    const widening = 1 + driftWidening * drifted + overlapWidening * Math.min(1, middle / Math.max(1, spanSteps));
    bands.middles.push(middle);
    bands.quantiles.push(
      Float64Array.from(bandProbabilities, (probability) => widening * conformalQuantile(sorted, probability)),
    );
  }
  return bands;
}

/**
 * Quantiles of the rate at each step: the forecast's root plus the quantile of the past errors of that lead, squared.
 *
 * A quantile never lies nearer to the forecast than that of a Poisson count over the interval, and never beyond it: a
 * series without noise, of whole numbers or with one-sided errors, says nothing of the chance that jobs come by.
 *
 * @param intervalSec length of a step, over which jobs are counted
 * @param daySlotAt local day slot at a lead
 * @param firstLead lead of the first element of the path; default 1
 * @param widthAt factor on the error at a lead; default 1
 */
export function quantilePath(
  meanPerSec: Float64Array,
  bands: ErrorBands,
  probability: number,
  options: {
    intervalSec: number;
    daySlotAt: (lead: number) => number;
    firstLead?: number;
    widthAt?: (lead: number) => number;
  },
): Float64Array {
  const { intervalSec, daySlotAt, firstLead = 1, widthAt = () => 1 } = options;
  const shifts = bands.quantiles.map((quantiles) => interpolated(quantiles, probability));
  const counting = (0.5 / Math.sqrt(intervalSec)) * normalQuantile(probability);
  const lastMiddle = bands.middles.at(-1) ?? 1;
  let band = 0;
  return meanPerSec.map((mean, i) => {
    const lead = firstLead + i;
    while (band < bands.middles.length - 2 && (bands.middles[band + 1] as number) <= lead) band++;
    const [low, high] = [bands.middles[band] ?? 1, bands.middles[band + 1] ?? 1];
    const share = high > low ? Math.min(1, Math.max(0, Math.log(lead / low) / Math.log(high / low))) : 0;
    const below = shifts[band] ?? 0;
    const above = shifts[band + 1] ?? below;
    const middle = Math.sqrt(mean);
    const beyond = lead > bandGrowth * lastMiddle ? Math.min(beyondMax, Math.sqrt(lead / lastMiddle)) : 1;
    const width = beyond * widthAt(lead) * spreadAt(bands.spread, middle, daySlotAt(lead));
    const error = width * (below * (1 - share) + above * share);
    const root = middle + (probability < 0.5 ? Math.min(error, counting) : Math.max(error, counting));
    return root > 0 ? rateOrNothing(root * root) : 0;
  });
}

/**
 * A conformal quantile: of n errors the one of rank p(n + 1), so that few errors give wide bands.
 *
 * @see Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, Distribution-free predictive inference for regression, JASA 2018
 */
function conformalQuantile(sorted: Float64Array, probability: number): number {
  const n = sorted.length;
  const rank = probability * (n + 1);
  const low = Math.min(n, Math.max(1, Math.floor(rank)));
  const high = Math.min(n, Math.max(1, Math.ceil(rank)));
  const [below, above] = [sorted[low - 1] as number, sorted[high - 1] as number];
  // Beyond the largest error seen the tail is unknown; a quarter more is a guess that errs to the wide side.
  const beyond = rank > n || rank < 1 ? 1.25 : 1;
  return beyond * (below + (above - below) * Math.max(0, rank - low));
}

function interpolated(quantiles: Float64Array, probability: number): number {
  const last = bandProbabilities.length - 1;
  let at = 0;
  while (at < last - 1 && (bandProbabilities[at + 1] as number) <= probability) at++;
  const [low, high] = [normalScores[at] as number, normalScores[at + 1] as number];
  const score = normalQuantile(Math.min(0.9999, Math.max(0.0001, probability)));
  const share = Math.min(1.5, Math.max(-0.5, (score - low) / (high - low)));
  const [below, above] = [quantiles[at] as number, quantiles[at + 1] as number];
  return below + share * (above - below);
}

/**
 * Quantile of the standard normal distribution, to 5e-4.
 *
 * @see Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.23
 */
export function normalQuantile(probability: number): number {
  const tail = Math.min(probability, 1 - probability);
  const t = Math.sqrt(-2 * Math.log(tail));
  const score = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return probability < 0.5 ? -score : score;
}
