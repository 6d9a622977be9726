import Type, { type Static } from 'typebox';
import { NonNegative } from '../primitives.ts';

/** A mergeable quantile sketch on the wire; `@capplan/sketch` reads and writes it. Values in seconds. */
export const QuantileSketch = Type.Object({
  relative_error: Type.Number({ exclusiveMinimum: 0, maximum: 0.5 }),
  zero_count: NonNegative,
  count: NonNegative,
  sum: NonNegative,
  sum_squares: NonNegative,
  min: NonNegative,
  max: NonNegative,
  offset: Type.Integer({ description: 'Bucket index of counts[0]' }),
  counts: Type.Array(NonNegative, { maxItems: 8192 }),
});
export type QuantileSketch = Static<typeof QuantileSketch>;
