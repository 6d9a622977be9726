/**
 * Probability that a Poisson variable of the given mean equals `count`, without forming a factorial or a power.
 *
 * The saddle-point form exp(-δ(n) - D(n, m)) / √(2πn), with δ the error of Stirling's formula and D the deviance,
 * keeps close to full precision at any size, where exp(n ln m - m - ln n!) would cancel away eight digits at n = 10⁶.
 *
 * @param count whole number ≥ 0
 * @param mean ≥ 0
 * @example poissonMass({ count: 2, mean: 3 }) // 4.5 e⁻³ = 0.2240…
 * @see Loader, Fast and accurate computation of binomial probabilities, 2000
 */
export function poissonMass({ count, mean }: { count: number; mean: number }): number {
  if (mean === 0) return count === 0 ? 1 : 0;
  if (count === 0) return Math.exp(-mean);
  return Math.exp(-stirlingError(count) - deviance(count, mean)) / Math.sqrt(2 * Math.PI * count);
}

/** ln n! - [(n + ½) ln n - n + ½ ln 2π]; the asymptotic series reaches full precision from 16 on. */
function stirlingError(n: number): number {
  if (n < 16) {
    let logFactorial = 0;
    for (let i = 2; i <= n; i++) logFactorial += Math.log(i);
    return logFactorial - ((n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI));
  }
  const r = 1 / (n * n);
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - r / 1188) * r) * r) * r) / n;
}

/** n ln(n/m) + m - n, by a series in (n - m)/(n + m) where the plain form would cancel. */
function deviance(n: number, m: number): number {
  const difference = n - m;
  if (Math.abs(difference) >= 0.1 * (n + m)) return n * Math.log(n / m) - difference;
  const v = difference / (n + m);
  let sum = difference * v;
  let power = 2 * n * v;
  for (let j = 3; j < 1000; j += 2) {
    power *= v * v;
    const next = sum + power / j;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
