import { BUCKETS_MAX, QuantileSketch } from './quantile-sketch.ts';
import type { SketchWire } from './sketch-wire.ts';

/** `malformed`: a field is missing or out of range. `inconsistent`: the fields contradict each other. */
export type SketchRefusal = 'malformed' | 'inconsistent';

export type SketchFromWire =
  | { readonly ok: true; readonly sketch: QuantileSketch }
  | { readonly ok: false; readonly reason: SketchRefusal; readonly detail: string };

const NUMBER_FIELDS = ['relative_error', 'zero_count', 'count', 'sum', 'sum_squares', 'min', 'max', 'offset'] as const;

/** Bucket indices of all positive doubles at the finest accuracy accepted lie within ± this. */
const OFFSET_MAX = 1e7;

/** Summation in another order changes the last digits of a sum; more than this share is a contradiction. */
const ROUNDING = 1e-6;

/**
 * Reads the JSON form of a sketch, and refuses one that no sketch could have written: it comes from a process
 * that may be faulty, and one bad figure would spoil the sizing of a whole pool.
 *
 * @example
 * const read = sketchFromWire(JSON.parse(text));
 * if (read.ok) read.sketch.quantile(0.95);
 * else console.error(read.reason, read.detail);
 */
export function sketchFromWire(wire: unknown): SketchFromWire {
  if (typeof wire !== 'object' || wire === null) return refuse('malformed', 'a sketch is an object');
  const given = wire as Record<string, unknown>;
  for (const field of NUMBER_FIELDS) {
    const value = given[field];
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return refuse('malformed', `${field} must be a finite number`);
    }
    if (field !== 'offset' && value < 0) return refuse('malformed', `${field} must not be negative`);
  }
  const counts = given.counts;
  if (!Array.isArray(counts) || counts.length > BUCKETS_MAX) {
    return refuse('malformed', `counts must be a list of at most ${BUCKETS_MAX} numbers`);
  }
  const sketch = given as unknown as SketchWire;
  if (!(sketch.relative_error >= 1e-4 && sketch.relative_error < 0.5)) {
    return refuse('malformed', 'relative_error must lie in [0.0001, 0.5)');
  }
  if (!Number.isInteger(sketch.offset) || Math.abs(sketch.offset) > OFFSET_MAX) {
    return refuse('malformed', `offset must be a whole number within ±${OFFSET_MAX}`);
  }
  let counted = sketch.zero_count;
  for (let i = 0; i < counts.length; i++) {
    const count: unknown = counts[i];
    if (typeof count !== 'number' || !(count >= 0 && count < Number.POSITIVE_INFINITY)) {
      return refuse('malformed', `counts[${i}] must be a finite number, 0 or more`);
    }
    counted += count;
  }
  const contradiction = findContradiction(sketch, counted);
  return contradiction === undefined
    ? { ok: true, sketch: QuantileSketch.restore(sketch) }
    : refuse('inconsistent', contradiction);
}

function findContradiction(sketch: SketchWire, counted: number): string | undefined {
  const { count, sum, sum_squares: sumSquares, min, max } = sketch;
  const isAtMost = (a: number, b: number) => a <= b + ROUNDING * Math.abs(b) + Number.MIN_VALUE;
  if (Math.abs(counted - count) > ROUNDING * Math.max(count, counted)) {
    return `the buckets hold ${counted} values, count says ${count}`;
  }
  if (min > max) return `min ${min} is above max ${max}`;
  if (!isAtMost(count * min, sum) || !isAtMost(sum, count * max)) return 'the mean lies outside [min, max]';
  if (!isAtMost(sum * sum, sumSquares * count)) return 'sum_squares is too small for sum and count';
  if (!isAtMost(sumSquares, sum * max)) return 'sum_squares is too large for sum and max';
  return highestBucketContradiction(sketch);
}

function highestBucketContradiction(sketch: SketchWire): string | undefined {
  let highest = sketch.counts.length - 1;
  while (highest >= 0 && sketch.counts[highest] === 0) highest--;
  if (highest < 0) return undefined;
  const logGamma = Math.log((1 + sketch.relative_error) / (1 - sketch.relative_error));
  const upperBound = (sketch.offset + highest) * logGamma;
  // The slack is one bucket at the coarsest accuracy: a merge of unequal accuracies moves values to a neighbour.
  const isNear = Math.abs(Math.log(sketch.max) - upperBound) <= logGamma + 1.1;
  return isNear ? undefined : 'the highest bucket does not hold max';
}

function refuse(reason: SketchRefusal, detail: string): SketchFromWire {
  return { ok: false, reason, detail };
}
