import { BucketStore } from './bucket-store.ts';
import type { SketchWire } from './sketch-wire.ts';

/** Values below this are counted as zero: a nanosecond, when the values are seconds. */
const ZERO_BELOW = 1e-9;

/** More counters than this are never kept; at 1 % they span a factor of 6·10¹⁷, nanoseconds to two decades. */
export const BUCKETS_MAX = 2048;

export interface SketchOptions {
  /** Largest relative error of a quantile, in (0, 0.5). Default 0.01. */
  readonly relativeError?: number;
}

/** One counter of a sketch: `count` values lay in (lower, upper]; `value` is the one that stands for them. */
export interface SketchBucket {
  readonly lower: number;
  readonly upper: number;
  readonly value: number;
  readonly count: number;
}

/**
 * Which value was not exceeded by a share p of many measurements, when they are too many to keep?
 *
 * Counts values in buckets whose bounds grow by a constant factor γ = (1 + e)/(1 - e), so that any quantile
 * comes back within the relative error e. Two sketches of equal accuracy merge without further loss, in any
 * order. Count, sum, sum of squares, least and greatest value are kept exactly.
 *
 * Assumes values ≥ 0 (durations, sizes). Values under 1e-9 count as zero. Beyond 2,048 buckets (a range of
 * 6·10¹⁷ at 1 %) the smallest values lose their accuracy first; the high quantiles never do.
 *
 * @example
 * const sketch = createSketch({ relativeError: 0.01 });
 * for (const seconds of [1, 2, 3, 4, 100]) sketch.add(seconds);
 * sketch.quantile(0.5); // 3, within 1 %
 * @see Masson, Rim & Lee, DDSketch: a fast and fully-mergeable quantile sketch, PVLDB 12(12), 2019
 */
export class QuantileSketch {
  readonly relativeError: number;
  readonly #buckets = new BucketStore(BUCKETS_MAX);
  readonly #logGamma: number;
  #zeroCount = 0;
  #count = 0;
  #sum = 0;
  #sumSquares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  constructor(options: SketchOptions = {}) {
    const relativeError = options.relativeError ?? 0.01;
    if (!(relativeError > 0 && relativeError < 0.5)) {
      throw new RangeError(`relativeError must lie in (0, 0.5), got ${relativeError}`);
    }
    this.relativeError = relativeError;
    this.#logGamma = Math.log((1 + relativeError) / (1 - relativeError));
  }

  /** How many values were added. */
  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get sumSquares(): number {
    return this.#sumSquares;
  }

  /** How many values were zero, or too small to tell from it. */
  get zeroCount(): number {
    return this.#zeroCount;
  }

  /** Least value added; NaN when empty. */
  get min(): number {
    return this.#count > 0 ? this.#min : Number.NaN;
  }

  /** Greatest value added; NaN when empty. */
  get max(): number {
    return this.#count > 0 ? this.#max : Number.NaN;
  }

  /** NaN when empty. */
  get mean(): number {
    return this.#count > 0 ? this.#sum / this.#count : Number.NaN;
  }

  /** Variance of the values themselves (divided by n); NaN when empty, never negative. */
  get variance(): number {
    if (this.#count === 0) return Number.NaN;
    const mean = this.mean;
    return Math.max(0, this.#sumSquares / this.#count - mean * mean);
  }

  /** Squared coefficient of variation, variance / mean²; 0 when all values are zero, NaN when empty. */
  get scv(): number {
    const mean = this.mean;
    return mean === 0 ? 0 : this.variance / (mean * mean);
  }

  /**
   * Adds `count` times the same value.
   *
   * @param value finite, ≥ 0
   * @param count finite, > 0; fractions are allowed (weights)
   * @throws RangeError for anything else: a negative duration is a fault of its source, and would spoil all figures
   */
  add(value: number, count = 1): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`a sketch takes finite values of 0 and more, got ${value}`);
    }
    if (!(count > 0 && count < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`a sketch takes counts above 0, got ${count}`);
    }
    this.#addToBucket(value, count);
    this.#count += count;
    this.#sum += value * count;
    this.#sumSquares += value * value * count;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /**
   * Adds everything that another sketch has seen. Exact when both have the same relative error; otherwise the other's
   * values are counted by their representatives, and the two errors add up.
   */
  merge(other: QuantileSketch): void {
    if (other.#count === 0) return;
    if (other.relativeError === this.relativeError) {
      const { lowest, highest } = other.#buckets;
      // From the top down, so that a fold of the lowest buckets happens once.
      for (let i = highest; i >= lowest; i--) {
        const count = other.#buckets.countAt(i);
        if (count > 0) this.#buckets.add(i, count);
      }
    } else {
      for (const bucket of other.buckets()) if (bucket.upper > 0) this.#addToBucket(bucket.value, bucket.count);
    }
    this.#zeroCount += other.#zeroCount;
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#sumSquares += other.#sumSquares;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /**
   * The value that a share p of all values does not exceed, within the relative error.
   *
   * @param p in [0, 1]; 0 gives the least value and 1 the greatest, exactly
   * @returns NaN when empty
   */
  quantile(p: number): number {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`p must lie in [0, 1], got ${p}`);
    if (this.#count === 0) return Number.NaN;
    if (p === 0) return this.#min;
    if (p === 1) return this.#max;
    // Rank ⌈pn⌉, the same definition as the empirical quantile; the slack keeps p = 0.9 of 10 values at the 9th.
    const rank = p * this.#count * (1 - 1e-12);
    let seen = this.#zeroCount;
    if (seen >= rank && seen > 0) return this.#clamp(0);
    const { lowest, highest } = this.#buckets;
    for (let i = lowest; i <= highest; i++) {
      seen += this.#buckets.countAt(i);
      if (seen >= rank) return this.#clamp(this.#valueOf(i));
    }
    return this.#max;
  }

  /** All counters that are not empty, from the lowest; the zero bucket, if any, first. Bounds stay within [min, max]. */
  buckets(): SketchBucket[] {
    const found: SketchBucket[] = [];
    if (this.#zeroCount > 0) found.push({ lower: 0, upper: 0, value: 0, count: this.#zeroCount });
    const { lowest, highest } = this.#buckets;
    for (let i = lowest; i <= highest; i++) {
      const count = this.#buckets.countAt(i);
      if (count === 0) continue;
      const isFolded = i === lowest && this.#min < Math.exp((i - 1) * this.#logGamma) && this.#zeroCount === 0;
      found.push({
        lower: isFolded ? this.#min : this.#clamp(Math.exp((i - 1) * this.#logGamma)),
        upper: this.#clamp(Math.exp(i * this.#logGamma)),
        value: this.#clamp(this.#valueOf(i)),
        count,
      });
    }
    return found;
  }

  /** A sketch with the same content, that shares nothing with this one. */
  clone(): QuantileSketch {
    const copy = new QuantileSketch({ relativeError: this.relativeError });
    copy.merge(this);
    return copy;
  }

  /** The JSON form; `sketchFromWire` reads it back. An empty sketch has min = max = 0 and no counts. */
  toWire(): SketchWire {
    const { lowest, highest } = this.#buckets;
    const counts: number[] = [];
    for (let i = lowest; i <= highest; i++) counts.push(this.#buckets.countAt(i));
    const isEmpty = this.#count === 0;
    return {
      relative_error: this.relativeError,
      zero_count: this.#zeroCount,
      count: this.#count,
      sum: this.#sum,
      sum_squares: this.#sumSquares,
      min: isEmpty ? 0 : this.#min,
      max: isEmpty ? 0 : this.#max,
      offset: lowest,
      counts,
    };
  }

  /** Rebuilds a sketch from a wire form that `sketchFromWire` has already judged. */
  static restore(wire: SketchWire): QuantileSketch {
    const sketch = new QuantileSketch({ relativeError: wire.relative_error });
    if (wire.count === 0) return sketch;
    for (let i = wire.counts.length - 1; i >= 0; i--) {
      const count = wire.counts[i] as number;
      if (count > 0) sketch.#buckets.add(wire.offset + i, count);
    }
    sketch.#zeroCount = wire.zero_count;
    sketch.#count = wire.count;
    sketch.#sum = wire.sum;
    sketch.#sumSquares = wire.sum_squares;
    sketch.#min = wire.min;
    sketch.#max = wire.max;
    return sketch;
  }

  #addToBucket(value: number, count: number): void {
    if (value < ZERO_BELOW) this.#zeroCount += count;
    else this.#buckets.add(Math.ceil(Math.log(value) / this.#logGamma), count);
  }

  /** The value whose distance to both bounds of bucket i is the same share of the bound: 2γ^i / (γ + 1). */
  #valueOf(i: number): number {
    return Math.exp(i * this.#logGamma) * (1 - this.relativeError);
  }

  #clamp(value: number): number {
    return Math.min(Math.max(value, this.#min), this.#max);
  }
}

/** An empty sketch; see `QuantileSketch`. */
export function createSketch(options: SketchOptions = {}): QuantileSketch {
  return new QuantileSketch(options);
}
