import type { ServiceShape } from './service-shape.ts';

/** A distribution cut into slices of known probability: edges, weight and mean of each slice, in mean service times. */
export interface ServiceBins {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly weight: Float64Array;
  readonly mean: Float64Array;
  /** Probability of the slice and all above it. */
  readonly from: Float64Array;
}

const binsOf = new WeakMap<ServiceShape, ServiceBins>();

/**
 * The slices between which sums over a service distribution are taken; made once for each shape.
 *
 * Equal slices in the body and ever finer ones in both tails, down to one in a thousand million, with the exact mean of each,
 * so that total probability and total work are kept.
 */
export function serviceBins(shape: ServiceShape): ServiceBins {
  let bins = binsOf.get(shape);
  if (!bins) {
    bins = cut(shape);
    binsOf.set(shape, bins);
  }
  return bins;
}

/** Probabilities at which the distribution is cut. */
const CUTS = (() => {
  const cuts: number[] = [];
  for (let tail = 1e-3; tail < 0.02; tail *= 2) cuts.push(tail);
  for (let i = 1; i < 40; i++) cuts.push(i / 40);
  for (let tail = 0.025; tail > 1e-9; tail *= 0.65) cuts.push(1 - tail);
  return cuts.sort((a, b) => a - b);
})();

function cut(shape: ServiceShape): ServiceBins {
  const lower: number[] = [];
  const upper: number[] = [];
  const weight: number[] = [];
  const mean: number[] = [];
  const share: number[] = [];
  let from = 0;
  // P(S ≥ from) and E[S; S ≥ from], both exclusive of what has been cut off already.
  let left = 1;
  let workLeft = 1;
  for (let i = 0; i <= CUTS.length; i++) {
    const to = i < CUTS.length ? shape.quantile(CUTS[i] as number) : Number.POSITIVE_INFINITY;
    if (to <= from && i > 0 && to === upper[upper.length - 1]) continue;
    const leftAfter = to === Number.POSITIVE_INFINITY ? 0 : shape.exceedance(to);
    const workAfter = to === Number.POSITIVE_INFINITY ? 0 : shape.residualExceedance(to) + to * leftAfter;
    const slice = left - leftAfter;
    if (slice > 1e-12) {
      const average = Math.max(0, workLeft - workAfter) / slice;
      lower.push(Math.min(from, average));
      upper.push(Math.max(average, to));
      weight.push(slice);
      mean.push(average);
      share.push(left);
      left = leftAfter;
      workLeft = workAfter;
      from = to;
    }
  }
  return {
    lower: Float64Array.from(lower),
    upper: Float64Array.from(upper),
    weight: Float64Array.from(weight),
    mean: Float64Array.from(mean),
    from: Float64Array.from(share),
  };
}
