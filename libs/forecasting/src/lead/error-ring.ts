import { fromHalf, toHalf } from './half-float.ts';

/**
 * Errors of past forecasts, one vector of all leads per origin so that their dependence is kept.
 *
 * A slot belongs to `every` steps and is overwritten when its turn comes again; slots whose turn passed without a
 * vector are empty.
 */
export interface ErrorRing {
  readonly capacity: number;
  readonly width: number;
  /** One origin of this many base steps is kept. */
  readonly every: number;
  /** Newest origin stored, in units of `every` steps; −1 while there is none. */
  newest: number;
  /** Square root of demand at the origin, for scaling an error to another level; 16-bit numbers, NaN where empty. */
  levels: Uint16Array;
  values: Uint16Array;
}

const empty = toHalf(Number.NaN);

export function createErrorRing(capacity: number, width: number, every: number): ErrorRing {
  return {
    capacity,
    width,
    every,
    newest: -1,
    levels: new Uint16Array(capacity).fill(empty),
    values: new Uint16Array(capacity * width),
  };
}

/** Stores the vector that starts at `offset`; origins between two that are kept are passed over. */
export function storeErrors(
  ring: ErrorRing,
  origin: { step: number; level: number },
  source: Float64Array,
  offset: number,
): void {
  if (origin.step % ring.every !== 0) return;
  const index = origin.step / ring.every;
  if (ring.newest >= 0) {
    for (let i = Math.max(ring.newest + 1, index - ring.capacity); i < index; i++)
      ring.levels[i % ring.capacity] = empty;
  }
  ring.newest = index;
  const slot = index % ring.capacity;
  ring.levels[slot] = toHalf(origin.level);
  for (let i = 0; i < ring.width; i++) ring.values[slot * ring.width + i] = toHalf(source[offset + i] as number);
}

/** The origin's base step of what a slot holds. */
export function stepOfSlot(ring: ErrorRing, slot: number): number {
  const back = (ring.newest - slot + 2 * ring.capacity) % ring.capacity;
  return (ring.newest - back) * ring.every;
}

export function levelOfSlot(ring: ErrorRing, slot: number): number {
  return fromHalf(ring.levels[slot] as number);
}

export function errorOf(ring: ErrorRing, slot: number, lead: number): number {
  return fromHalf(ring.values[slot * ring.width + lead] as number);
}
