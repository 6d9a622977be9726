const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Γ(x) for x > 0, to about 1e-13 (Lanczos, 1964, with g = 7 and nine terms). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum: number = LANCZOS[0];
  for (let i = 1; i < 9; i++) sum += (LANCZOS[i] as number) / (z + i);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * Γ(k, x)/Γ(k): the probability that a gamma variable of shape k and scale 1 exceeds x.
 *
 * Series for the lower part below k + 1, continued fraction (modified Lentz) above.
 *
 * @see NIST Digital Library of Mathematical Functions, 8.7 and 8.9
 */
export function gammaExceedance(k: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(k * Math.log(x) - x - logGamma(k));
  if (x < k + 1) {
    let term = 1 / k;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) {
      term *= x / (k + n);
      sum += term;
    }
    return Math.max(0, 1 - sum * scale);
  }
  let b = x + 1 - k;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - k);
    b += 2;
    d = 1 / nonZero(an * d + b);
    c = nonZero(b + an / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return Math.min(1, h * scale);
}

/** P(Z > x) of a standard normal variable, from the gamma function: accurate in both tails. */
export function normalExceedance(x: number): number {
  const half = 0.5 * gammaExceedance(0.5, (x * x) / 2);
  return x >= 0 ? half : 1 - half;
}

/**
 * The x that a standard normal variable does not exceed with probability p in (0, 1).
 *
 * A rational first guess, then two steps of Halley's method on `normalExceedance`.
 *
 * @see Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.23
 */
export function normalQuantile(p: number): number {
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let x = -t + (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let i = 0; i < 2; i++) {
    const error = normalExceedance(-x) - p;
    const step = error * Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2);
    x -= step / (1 + (x * step) / 2);
  }
  return x;
}

function nonZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

/**
 * P(X > x) for X beta distributed with shapes α and β: the regularised incomplete beta function I_{1-x}(β, α), by the
 * continued fraction of DLMF 8.17.22 on the side of the mean where it converges fast.
 *
 * @param shapes α and β, > 0
 * @param x in [0, 1]
 */
export function betaExceedance({ alpha, beta }: { alpha: number; beta: number }, x: number): number {
  if (x <= 0) return 1;
  if (x >= 1) return 0;
  const logFront =
    logGamma(alpha + beta) - logGamma(alpha) - logGamma(beta) + alpha * Math.log(x) + beta * Math.log1p(-x);
  const front = Math.exp(logFront);
  if (x < (alpha + 1) / (alpha + beta + 2)) return 1 - (front * betaFraction(alpha, beta, x)) / alpha;
  return (front * betaFraction(beta, alpha, 1 - x)) / beta;
}

/** The continued fraction by Lentz's method: terms come in pairs, each nearer to 1 than the one before. */
function betaFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let sum = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    sum *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    sum *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return sum;
}
