import type { RandomStream } from '@capplan/random';

/** A long interval of demand, and the rates of its neighbours; NaN where there is none or it is unknown. */
export interface LongInterval {
  ratePerSec: number;
  intervalSec: number;
  beforePerSec: number;
  afterPerSec: number;
}

/**
 * What could have been counted in the parts of an interval of which only the sum is known?
 *
 * The mean of a long interval hides the chance of its minutes: whoever learns from it as if each minute had been just
 * so takes demand to be calmer than it is, and its steps for news. Given the sum, counts of a Poisson stream fall into the parts independently
 * of each other; within the interval the rate follows a straight line, as steep as the neighbours allow without a new
 * peak, so that there are no steps at the ends of hours.
 *
 * Assumes Poisson arrivals: where jobs come in bunches the parts vary more than this.
 *
 * @param parts equal parts, ≥ 1
 * @returns rates of the parts, jobs per second; their mean is that of the interval but for the fraction of one job,
 *   which falls one way or the other by chance. NaN throughout for an unknown interval; one part is the interval itself
 * @example spreadCounts({ ratePerSec: 2, intervalSec: 300, beforePerSec: 2, afterPerSec: 2 }, 5, random)
 * @see Kingman, Poisson Processes (1993), section 2.4: given their number, points are independent. The line is the
 *   piecewise linear reconstruction of van Leer, Towards the ultimate conservative difference scheme V (1979)
 */
export function spreadCounts(interval: LongInterval, parts: number, random: RandomStream): Float64Array {
  const { ratePerSec, intervalSec } = interval;
  if (!(Number.isInteger(parts) && parts >= 1))
    throw new RangeError(`parts is ${parts}, must be a whole number from 1`);
  if (parts === 1 || !(ratePerSec >= 0 && ratePerSec < Infinity)) return new Float64Array(parts).fill(ratePerSec);
  const slope = slopeOf(interval);
  const jobs = ratePerSec * intervalSec;
  let left = Math.floor(jobs + random.next());
  let weightLeft = parts;
  return Float64Array.from({ length: parts }, (_, part) => {
    // The line's mean over this part, relative to the mean of all: between 0 and 2.
    const weight = ratePerSec > 0 ? 1 + (slope / ratePerSec) * ((part + 0.5) / parts - 0.5) : 1;
    const share = part === parts - 1 ? 1 : Math.min(1, weight / weightLeft);
    const count = share === 1 ? left : drawBinomial(left, share, random);
    left -= count;
    weightLeft -= weight;
    return (count * parts) / intervalSec;
  });
}

/** Change of the rate over the interval: none at a peak, and never so steep that the rate falls below zero. */
function slopeOf({ ratePerSec, beforePerSec, afterPerSec }: LongInterval): number {
  const [rise, further] = [ratePerSec - beforePerSec, afterPerSec - ratePerSec];
  if (Number.isNaN(rise) || Number.isNaN(further)) return 0;
  if (rise * further <= 0) return 0;
  const size = Math.min(2 * Math.abs(rise), 2 * Math.abs(further), Math.abs(rise + further) / 2, 2 * ratePerSec);
  return Math.sign(rise) * size;
}

/** Beyond so many expected on either side the normal approximation is off by less than a count. */
const normalFrom = 30;

function drawBinomial(count: number, share: number, random: RandomStream): number {
  if (share > 0.5) return count - drawBinomial(count, 1 - share, random);
  const mean = count * share;
  if (mean > normalFrom) {
    const drawn = Math.round(mean + Math.sqrt(mean * (1 - share)) * random.normal());
    return Math.min(count, Math.max(0, drawn));
  }
  // Waiting times between successes are geometric.
  const logFailure = Math.log1p(-share);
  if (!(logFailure < 0)) return 0;
  let at = 0;
  let drawn = 0;
  for (;;) {
    at += Math.floor(Math.log(1 - random.next()) / logFailure) + 1;
    if (!(at <= count)) return drawn;
    drawn += 1;
  }
}
