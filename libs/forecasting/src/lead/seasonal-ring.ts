import { fromHalf, toHalf } from './half-float.ts';

/** Means of the square root of demand in 5-minute bins over the last eight days; NaN where nothing was seen. */
export interface SeasonalRing {
  /** 16-bit numbers, see half-float.ts. */
  values: Uint16Array;
  /** Newest bin written, index since the epoch; −1 at the start. */
  newestBin: number;
  sum: number;
  count: number;
}

export const binSec = 300;
export const binsPerDay = 86_400 / binSec;
const capacity = binsPerDay * 8;

export function createSeasonalRing(): SeasonalRing {
  return { values: new Uint16Array(capacity).fill(toHalf(Number.NaN)), newestBin: -1, sum: 0, count: 0 };
}

/** Adds one observation of a bin; bins that were skipped are unknown. */
export function addToRing(ring: SeasonalRing, bin: number, value: number): void {
  if (bin < ring.newestBin) return;
  if (bin > ring.newestBin) {
    const from = ring.newestBin < 0 ? bin : Math.max(ring.newestBin + 1, bin - capacity + 1);
    for (let b = from; b <= bin; b++) ring.values[b % capacity] = toHalf(Number.NaN);
    ring.newestBin = bin;
    ring.sum = 0;
    ring.count = 0;
  }
  ring.sum += value;
  ring.count += 1;
  ring.values[bin % capacity] = toHalf(ring.sum / ring.count);
}

/** The mean of a bin, NaN when it is unknown, too old or still to come. */
export function ringAt(ring: SeasonalRing, bin: number): number {
  if (bin > ring.newestBin || bin <= ring.newestBin - capacity || bin < 0) return Number.NaN;
  return fromHalf(ring.values[bin % capacity] as number);
}
