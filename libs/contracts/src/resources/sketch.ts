import Type, { type Static } from 'typebox';
import { Quantity } from '../primitives.ts';

/** A mergeable quantile sketch on the wire; `@capplan/sketch` reads and writes it. Values in seconds. */
export const QuantileSketch = Type.Object({
  relative_error: Type.Number({ exclusiveMinimum: 0, maximum: 0.5 }),
  zero_count: Quantity,
  count: Quantity,
  sum: Quantity,
  sum_squares: Quantity,
  min: Quantity,
  max: Quantity,
  offset: Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, description: 'Bucket index of counts[0]' }),
  counts: Type.Array(Quantity, { maxItems: 8192 }),
});
export type QuantileSketch = Static<typeof QuantileSketch>;
