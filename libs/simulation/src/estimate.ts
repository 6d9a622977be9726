/** A mean over replications with its 95 % confidence interval. */
export interface Estimate {
  mean: number;
  /** NaN with fewer than two replications. */
  low: number;
  high: number;
  /** Values that went in; replications in which the figure did not exist are left out. */
  count: number;
}

/** Collects one figure over replications (Welford 1962, so that close values keep their digits). */
export class Collector {
  count = 0;
  mean = 0;
  #squares = 0;

  /** NaN is not a value and is left out. */
  add(value: number): void {
    if (Number.isNaN(value)) return;
    this.count++;
    const before = value - this.mean;
    this.mean += before / this.count;
    this.#squares += before * (value - this.mean);
  }

  /** Half-width of the 95 % confidence interval of the mean (Student's t); NaN below two values. */
  halfWidth(): number {
    return this.count < 2 ? Number.NaN : halfWidth(this.count, this.#squares);
  }

  standardError(): number {
    return Math.sqrt(this.#squares / (this.count - 1) / this.count);
  }

  estimate(): Estimate {
    const half = this.halfWidth();
    const mean = this.count > 0 ? this.mean : Number.NaN;
    return { mean, low: mean - half, high: mean + half, count: this.count };
  }
}

/** One figure for each interval over replications, in arrays of numbers: a year of objects would weigh too much. */
export class SeriesCollector {
  readonly #count: Uint32Array;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;

  constructor(length: number) {
    this.#count = new Uint32Array(length);
    this.#mean = new Float64Array(length);
    this.#squares = new Float64Array(length);
  }

  get length(): number {
    return this.#count.length;
  }

  /** As `Collector.add`, for one place of the series. */
  add(place: number, value: number): void {
    if (Number.isNaN(value)) return;
    this.#count[place]!++;
    const before = value - this.#mean[place]!;
    this.#mean[place]! += before / this.#count[place]!;
    this.#squares[place]! += before * (value - this.#mean[place]!);
  }

  columns(): { mean: number[]; low: number[]; high: number[] } {
    const mean: number[] = [];
    const low: number[] = [];
    const high: number[] = [];
    for (const [place, count] of this.#count.entries()) {
      const value = count > 0 ? this.#mean[place]! : Number.NaN;
      const half = count < 2 ? Number.NaN : halfWidth(count, this.#squares[place]!);
      mean.push(value);
      low.push(value - half);
      high.push(value + half);
    }
    return { mean, low, high };
  }
}

const levelOfHalfWidth = 0.975;
const halfWidthQuantiles: number[] = [];

function halfWidth(count: number, squares: number): number {
  halfWidthQuantiles[count] ??= studentQuantile(levelOfHalfWidth, count - 1);
  return halfWidthQuantiles[count] * Math.sqrt(squares / (count - 1) / count);
}

/** Quantile of Student's t distribution, by bisection on `studentBelow`. */
export function studentQuantile(level: number, degrees: number): number {
  let low = -1e4;
  let high = 1e4;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (studentBelow(middle, degrees) < level) low = middle;
    else high = middle;
  }
  return high;
}

/** Distribution function of Student's t, through the incomplete beta function (Abramowitz & Stegun 26.7.1). */
export function studentBelow(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return t > 0 ? 1 : 0;
  const tail = 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/** Regularised incomplete beta function by its continued fraction, evaluated with Lentz's method (A&S 26.5.8). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny);
  let fraction = d;
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d, tiny);
    c = nonZero(1 + even / c, tiny);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d, tiny);
    c = nonZero(1 + odd / c, tiny);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * fraction;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

/** Logarithm of the gamma function for x > 0: Stirling's series after shifting the argument above 10 (A&S 6.1.40). */
export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) {
    shift += Math.log(z);
    z += 1;
  }
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
