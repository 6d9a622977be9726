/**
 * Errors of past forecasts, one vector of all leads per origin so that their dependence is kept.
 * `steps[i]` is the origin's base step, −1 where nothing is stored yet.
 */
export interface ErrorRing {
  readonly capacity: number;
  readonly width: number;
  steps: Int32Array;
  /** Square root of demand at the origin, for scaling an error to another level. */
  levels: Float32Array;
  values: Float32Array;
  next: number;
}

export function createErrorRing(capacity: number, width: number): ErrorRing {
  return {
    capacity,
    width,
    steps: new Int32Array(capacity).fill(-1),
    levels: new Float32Array(capacity),
    values: new Float32Array(capacity * width),
    next: 0,
  };
}

/** Stores the vector that starts at `offset`, over the oldest one when the ring is full. */
export function storeErrors(ring: ErrorRing, step: number, level: number, source: Float64Array, offset: number): void {
  const slot = ring.next;
  ring.steps[slot] = step;
  ring.levels[slot] = level;
  for (let i = 0; i < ring.width; i++) ring.values[slot * ring.width + i] = source[offset + i] as number;
  ring.next = (slot + 1) % ring.capacity;
}
