import { createSketch, type QuantileSketch, type SketchWire, sketchFromWire } from '@capplan/sketch';

/** An outermost bucket with less than this share of a job is dropped. */
const COUNT_MIN = 1e-4;

/**
 * The same sketch with every value counting `factor` times as much.
 *
 * Scaling is exact. Values at either end that have all but faded away are dropped, and the least and greatest value
 * move in to what is left, so that one outlier is not remembered for ever.
 *
 * @param factor in (0, 1]
 * @returns an empty sketch when the wire form contradicts itself
 */
export function fadeSketch(wire: SketchWire, factor: number): QuantileSketch {
  const scaled = sketchFromWire({
    ...wire,
    zero_count: wire.zero_count * factor,
    count: wire.count * factor,
    sum: wire.sum * factor,
    sum_squares: wire.sum_squares * factor,
    counts: wire.counts.map((count) => count * factor),
  });
  if (!scaled.ok) return createSketch();
  const buckets = scaled.sketch.buckets();
  const [lowest, highest] = [buckets[0], buckets.at(-1)];
  if (lowest === undefined || highest === undefined) return scaled.sketch;
  if (lowest.count >= COUNT_MIN && highest.count >= COUNT_MIN) return scaled.sketch;

  const rebuilt = createSketch({ relativeError: wire.relative_error });
  for (const bucket of buckets) if (bucket.count >= COUNT_MIN) rebuilt.add(bucket.value, bucket.count);
  return rebuilt;
}
