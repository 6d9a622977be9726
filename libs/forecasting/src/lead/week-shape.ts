import { fromHalf, toHalf } from './half-float.ts';
import { binsPerDay } from './seasonal-ring.ts';

const bins = 7 * binsPerDay;
/** Weight of the newest week in the usual one: about three weeks count. */
const newestWeek = 0.35;

/** The usual week: exponentially weighted means of the square root of demand, one 16-bit number per 5-minute bin. */
export function createWeekShape(): Uint16Array {
  return new Uint16Array(bins).fill(toHalf(Number.NaN));
}

/** Learns a bin that is over. */
export function learnWeek(shape: Uint16Array, bin: number, value: number): void {
  if (bin < 0 || Number.isNaN(value)) return;
  const known = usualAt(shape, bin);
  shape[bin % bins] = toHalf(Number.isNaN(known) ? value : known + newestWeek * (value - known));
}

/** What this bin of the week usually holds; NaN while it was never seen. */
export function usualAt(shape: Uint16Array, bin: number): number {
  return fromHalf(shape[bin % bins] as number);
}
