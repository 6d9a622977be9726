import { type Forecast, pathsBeginMs } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { FluidPaths } from './fluid-queue.ts';

const stepsMax = 64;
const pathsWithoutForecast = 64;

/** Length of a step and their number for a horizon: short steps for short horizons, never more than 64. */
export function gridOf(horizonSec: number): { stepSec: number; steps: number } {
  const stepSec = Math.max(30, Math.ceil(horizonSec / stepsMax / 30) * 30);
  return { stepSec, steps: Math.max(1, Math.ceil(horizonSec / stepSec)) };
}

/**
 * Demand over the horizon as futures on the queue's grid.
 *
 * With sampled paths those are taken; beyond their end each path stays where it ended. With a mean only, or with
 * nothing but the newest measurement, a fan of futures stands in that widens with time: a fifth of the level at the
 * start, growing with the square root of the time ahead, which is what a random walk would do.
 */
export function demandAhead(options: {
  forecast: Forecast | undefined;
  nowMs: number;
  arrivalRatePerSec: number;
  /** Jobs behind that rate: what a newest measurement is worth where there is nothing else. */
  jobsCounted: number;
  /** Every job comes so many times; forecasts are of new jobs. */
  attemptsPerJob: number;
  horizonSec: number;
}): FluidPaths {
  const { forecast, nowMs, attemptsPerJob, horizonSec } = options;
  const { stepSec, steps } = gridOf(horizonSec);
  const sampled = forecast?.paths;
  if (forecast !== undefined && sampled !== undefined && sampled.rates_per_s.length > 0) {
    const paths = sampled.rates_per_s.length;
    const lateSec = Math.max(0, (nowMs - pathsBeginMs(forecast)) / 1000);
    const ratesPerSec = new Float64Array(paths * steps);
    for (let s = 0; s < steps; s++) {
      const index = Math.floor((lateSec + (s + 0.5) * stepSec) / sampled.step_s);
      for (let p = 0; p < paths; p++) {
        const path = sampled.rates_per_s[p] as number[];
        ratesPerSec[p * steps + s] =
          (path[Math.min(index, path.length - 1)] ?? options.arrivalRatePerSec) * attemptsPerJob;
      }
    }
    return { paths, steps, stepSec, ratesPerSec, noise: standardNoise(paths * steps) };
  }
  const paths = pathsWithoutForecast;
  const { ratePerSec: arrivalRatePerSec, share: countShare } = countedRate(options);
  const ratesPerSec = new Float64Array(paths * steps);
  for (let p = 0; p < paths; p++) {
    const quantile = (p + 0.5) / paths;
    const deviation = Math.log(quantile / (1 - quantile)) / 1.702;
    for (let s = 0; s < steps; s++) {
      const aheadSec = (s + 0.5) * stepSec;
      const mean =
        forecast === undefined ? arrivalRatePerSec : Math.max(arrivalRatePerSec, meanAt(forecast, nowMs, aheadSec));
      const spread = Math.sqrt(0.01 * (1 + aheadSec / 120) + countShare ** 2);
      ratesPerSec[p * steps + s] = mean * attemptsPerJob * Math.exp(spread * deviation);
    }
  }
  return { paths, steps, stepSec, ratesPerSec, noise: standardNoise(paths * steps) };
}

/**
 * The rate that n counted jobs speak for: that of n - 1 of them, since any moment can bring one, with the deviation of a
 * count as a share of it.
 */
function countedRate({ arrivalRatePerSec, jobsCounted }: { arrivalRatePerSec: number; jobsCounted: number }) {
  if (jobsCounted < 1) return { ratePerSec: arrivalRatePerSec, share: 0 };
  return { ratePerSec: (arrivalRatePerSec * (jobsCounted - 1)) / jobsCounted, share: 1 / Math.sqrt(jobsCounted) };
}

function meanAt(forecast: Forecast, nowMs: number, aheadSec: number): number {
  const sec = (nowMs - Date.parse(forecast.made_at)) / 1000 + aheadSec;
  const index = Math.min(forecast.mean.length - 1, Math.max(0, Math.floor(sec / forecast.step_s)));
  return forecast.mean[index] ?? 0;
}

let noiseTable = new Float64Array(0);

/** The same standard normal numbers in every decision: what differs between two decisions is their input. */
function standardNoise(length: number): Float64Array {
  if (noiseTable.length < length) {
    const random = createRandomStream('service noise');
    noiseTable = Float64Array.from({ length: Math.max(length, 8192) }, () => random.normal());
  }
  return noiseTable;
}
