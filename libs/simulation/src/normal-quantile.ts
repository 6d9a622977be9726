/**
 * The standard normal quantile, by Newton's method on the distribution function, itself from the continued fraction
 * and series of Abramowitz & Stegun 26.2.10 and 26.2.14. Good to about 10⁻¹².
 *
 * @param level in (0, 1)
 */
export function normalQuantile(level: number): number {
  if (level === 0.5) return 0;
  if (level > 0.5) return -normalQuantile(1 - level);
  let x = -Math.sqrt(-2 * Math.log(level));
  for (let i = 0; i < 60; i++) {
    const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    // Newton on the logarithm of the level keeps far tails from overshooting.
    const below = normalBelow(x);
    const step = ((Math.log(below) - Math.log(level)) * below) / density;
    x -= step;
    if (Math.abs(step) < 1e-13 * Math.max(1, Math.abs(x))) break;
  }
  return x;
}

/** Standard normal distribution function for x ≤ 0. */
function normalBelow(x: number): number {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x > -3) {
    let term = x;
    let sum = x;
    for (let k = 1; k < 200 && Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = 0;
  for (let k = 100; k > 0; k--) fraction = k / (-x + fraction);
  return density / (-x + fraction);
}
