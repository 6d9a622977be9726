import { createRandomStream } from '@capplan/random';
import type { ArrivalTrace } from './arrival-trace.ts';

/** What a generated trace looks like; every number has a default that gives an ordinary office-hours service. */
export interface TraceShape {
  seed: number | string;
  /** Days covered, > 0. */
  days: number;
  /** Seconds of one interval, > 0. */
  intervalSec: number;
  name?: string;
  /** First interval, ms since epoch; default Monday 2026-01-05T00:00:00Z. */
  startMs?: number;
  /** Mean of the first week before noise, per second; default 10. */
  meanRatePerSec?: number;
  /** Depth of the daily wave, 0 (flat) to 1 (down to nothing at night); default 0.6. */
  dailyAmplitude?: number;
  /** Hour of the day at which it peaks; default 14. */
  peakHour?: number;
  /** Saturday and Sunday relative to other days, ≥ 0; default 0.6. */
  weekendFactor?: number;
  /** Growth over 30 days, -1 (down to nothing) upwards; default 0. */
  growthPerMonth?: number;
  /** Standard deviation of the slowly wandering log-level; default 0.08. */
  wander?: number;
  /** Whether counts are Poisson around the rate (whole arrivals per interval); default true. */
  counts?: boolean;
  /** One surge nobody could foresee; `null` for none. Default: at 70 % of the trace, 3 times the load, 45 minutes. */
  spike?: { atFraction: number; factor: number; durationSec: number } | null;
}

const daySec = 86_400;
const mondayMs = Date.UTC(2026, 0, 5);

/**
 * Makes up an arrival trace with a daily and a weekly shape, growth, autocorrelated noise, Poisson counts and one
 * unforeseen spike. The same shape and seed give the same trace.
 *
 * @example generateTrace({ seed: 1, days: 14, intervalSec: 60 }).ratesPerSec.length // 20160
 */
export function generateTrace(shape: TraceShape): ArrivalTrace {
  const { seed, days, intervalSec, startMs = mondayMs, counts = true, wander = 0.08 } = shape;
  if (!(days > 0)) throw new RangeError(`days is ${days}, must be above 0`);
  if (!(intervalSec > 0)) throw new RangeError(`intervalSec is ${intervalSec}, must be above 0`);
  const random = createRandomStream(seed);
  const noise = random.fork('level');
  const arrivals = random.fork('counts');
  const length = Math.round((days * daySec) / intervalSec);
  // An Ornstein-Uhlenbeck level with a memory of an hour: neighbours resemble each other, days do not.
  const keep = Math.exp(-intervalSec / 3600);
  let logLevel = wander * noise.normal();

  const ratesPerSec = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const expected = expectedRatePerSec(shape, { startMs, atSec: (i + 0.5) * intervalSec, totalSec: days * daySec });
    const rate = expected * Math.exp(logLevel - (wander * wander) / 2);
    ratesPerSec[i] = counts ? drawPoisson(rate * intervalSec, arrivals) / intervalSec : rate;
    logLevel = keep * logLevel + Math.sqrt(1 - keep * keep) * wander * noise.normal();
  }
  return { name: shape.name ?? `generated-${seed}`, startMs, intervalSec, ratesPerSec };
}

function expectedRatePerSec(
  shape: TraceShape,
  { startMs, atSec, totalSec }: { startMs: number; atSec: number; totalSec: number },
): number {
  const { meanRatePerSec = 10, dailyAmplitude = 0.6, peakHour = 14, weekendFactor = 0.6, growthPerMonth = 0 } = shape;
  const { spike = { atFraction: 0.7, factor: 3, durationSec: 2700 } } = shape;
  const clockSec = startMs / 1000 + atSec;
  // 1970-01-01 was a Thursday, so day 2 and 3 of each week counted from there are Saturday and Sunday.
  const weekday = Math.floor(clockSec / daySec) % 7;
  const weekMean = (5 + 2 * weekendFactor) / 7;
  const dayFactor = (weekday === 2 || weekday === 3 ? weekendFactor : 1) / weekMean;
  const phase = 2 * Math.PI * (clockSec / daySec - peakHour / 24);
  // A second harmonic gives the lunch dip that real services show.
  const wave = 1 + dailyAmplitude * (0.9 * Math.cos(phase) + 0.1 * Math.cos(2 * phase));
  const growth = (1 + growthPerMonth) ** (atSec / (30 * daySec));
  const surge =
    spike && atSec >= spike.atFraction * totalSec && atSec < spike.atFraction * totalSec + spike.durationSec
      ? spike.factor
      : 1;
  return Math.max(0, meanRatePerSec * dayFactor * wave * growth * surge);
}

function drawPoisson(mean: number, random: { next(): number; normal(): number }): number {
  // Beyond 50 the normal approximation is off by less than the noise that is added anyway.
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let product = random.next();
  let count = 0;
  while (product > limit) {
    product *= random.next();
    count++;
  }
  return count;
}
