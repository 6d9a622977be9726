import type { FluidPaths } from './fluid-queue.ts';

/** New jobs per second over the horizon of a decision, as the futures have it that it was made on. */
export interface ForeseenDemand {
  stepSec: number;
  /** Of each step, element 0 beginning at the moment of the decision. */
  meanPerSec: number[];
  /** Between these lies the given share of the futures. */
  lowerPerSec: number[];
  upperPerSec: number[];
  share: number;
}

const share = 0.9;

/** @param attemptsPerJob by which the futures' rates count retries */
export function foreseenDemand(
  { paths, steps, stepSec, ratesPerSec }: FluidPaths,
  attemptsPerJob: number,
): ForeseenDemand {
  const foreseen: ForeseenDemand = { stepSec, meanPerSec: [], lowerPerSec: [], upperPerSec: [], share };
  for (let s = 0; s < steps; s++) {
    const rates = Float64Array.from(
      { length: paths },
      (_, p) => (ratesPerSec[p * steps + s] as number) / attemptsPerJob,
    );
    rates.sort();
    const at = (quantile: number): number => rates[Math.round((paths - 1) * quantile)] as number;
    foreseen.meanPerSec.push(rates.reduce((sum, rate) => sum + rate, 0) / paths);
    foreseen.lowerPerSec.push(at((1 - share) / 2));
    foreseen.upperPerSec.push(at((1 + share) / 2));
  }
  return foreseen;
}
