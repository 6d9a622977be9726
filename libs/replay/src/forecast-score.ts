import type { DemandPaths } from '@capplan/contracts';

/** How well demand one lead time ahead was foreseen, while the pool ran. */
export interface ForecastScore {
  /** Seconds ahead: the start-up delay, when an order made now begins to help. */
  leadSec: number;
  /** Σ|forecast − arrivals| / Σ arrivals over one-minute counts; NaN without arrivals. */
  wape: number;
  /** Share of minutes inside the band between the 5 % and the 95 % quantile of the sampled futures; ideally near 0.9. */
  coverage: number;
  minutes: number;
}

/** One forecast of the minute that begins one lead time later. */
export interface ForecastPoint {
  atSec: number;
  meanPerSec: number;
  lowPerSec: number;
  highPerSec: number;
}

const bandSec = 60;

/** Reads, out of sampled futures, the minute that begins `leadSec` after `atSec`; futures begin at `fromSec`. */
export function pointAtLead(
  { step_s: stepSec, rates_per_s: paths }: DemandPaths,
  { fromSec, atSec, leadSec }: { fromSec: number; atSec: number; leadSec: number },
): ForecastPoint {
  const first = Math.floor((atSec + leadSec - fromSec) / stepSec + 1e-9);
  const steps = Math.max(1, Math.round(bandSec / stepSec));
  const meanOf = (rates: readonly number[]): number => {
    let sum = 0;
    for (let i = 0; i < steps; i++) sum += rates[Math.min(rates.length - 1, first + i)] as number;
    return sum / steps;
  };
  const values = Float64Array.from(paths, meanOf).sort();
  const quantile = (p: number): number => values[Math.round(p * (values.length - 1))] ?? Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { atSec: atSec + leadSec, meanPerSec: mean, lowPerSec: quantile(0.05), highPerSec: quantile(0.95) };
}

/** Holds forecasts against the arrivals that came. */
export function scoreForecasts(
  points: readonly ForecastPoint[],
  { leadSec, counts, stepSec }: { leadSec: number; counts: ArrayLike<number>; stepSec: number },
): ForecastScore {
  let [error, total, inside, minutes] = [0, 0, 0, 0];
  for (const point of points) {
    const first = Math.round(point.atSec / stepSec);
    const steps = Math.max(1, Math.round(bandSec / stepSec));
    if (first + steps > counts.length) continue;
    let jobs = 0;
    for (let i = first; i < first + steps; i++) jobs += counts[i] as number;
    const sec = steps * stepSec;
    minutes++;
    total += jobs;
    error += Math.abs(point.meanPerSec * sec - jobs);
    if (jobs >= Math.floor(point.lowPerSec * sec) && jobs <= Math.ceil(point.highPerSec * sec)) inside++;
  }
  return {
    leadSec,
    wape: total > 0 ? error / total : Number.NaN,
    coverage: minutes > 0 ? inside / minutes : Number.NaN,
    minutes,
  };
}
