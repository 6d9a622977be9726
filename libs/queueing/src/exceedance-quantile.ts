/**
 * The point where a falling exceedance function P(X > x) reaches 1 - p.
 *
 * Works on the logarithm, which is nearly straight for waits and responses, by regula falsi with the Illinois
 * correction: about ten evaluations to ten digits. A jump is found from its right side.
 *
 * @param exceedance non-increasing, from at most 1 at x = 0 to 0 at infinity
 * @param p in [0, 1)
 * @param scale where to begin looking, > 0
 */
export function exceedanceQuantile(exceedance: (x: number) => number, p: number, scale: number): number {
  if (p === 0) return 0;
  const target = Math.log1p(-p);
  const gap = (x: number) => Math.max(Math.log(exceedance(x)), -1e3) - target;
  let low = 0;
  let gapLow = gap(0);
  if (gapLow <= 0) return 0;
  let high = scale;
  let gapHigh = gap(high);
  for (let i = 0; gapHigh > 0; i++) {
    if (i > 1100) return Number.POSITIVE_INFINITY;
    low = high;
    gapLow = gapHigh;
    high *= 2;
    gapHigh = gap(high);
  }
  let side = 0;
  for (let i = 0; i < 200 && high - low > 1e-10 * high; i++) {
    // A plain halving now and then guarantees progress across jumps and flat stretches.
    const x = i % 4 === 3 ? (low + high) / 2 : low + ((high - low) * gapLow) / (gapLow - gapHigh);
    const g = gap(x);
    if (g > 0) {
      if (x === low) break;
      low = x;
      gapLow = g;
      if (side === 1) gapHigh /= 2;
      side = 1;
    } else {
      if (x === high) break;
      high = x;
      gapHigh = g;
      if (side === -1) gapLow /= 2;
      side = -1;
      if (g > -1e-12) break;
    }
  }
  return high;
}
