import type { SeasonCalendar } from './season-calendar.ts';

/** A fault is this many times above, or below, all that is comparable, and by so many usual steps besides. */
const ratioMin = 4;
const usualStepsMin = 10;
const neighboursEachSide = 3;
const daysEachSide = 7;
/** Where more than this share of the values would be faults, or more than the least number, they are how the demand is. */
const shareMax = 0.004;
const countMin = 3;

/**
 * The series with its faults unknown: single values, or two in a row, that resemble neither their neighbours nor the
 * same time of any other day. A copy of such a value would be tomorrow's forecast, and a smoothed level would take days
 * to forget it. Two high ones in a row at the very end confirm each other and stay: what may be a rush is on the safe side.
 */
export function withoutFaults(values: Float64Array, calendar: SeasonCalendar): Float64Array {
  const roots = values.map(Math.sqrt);
  const distance = usualStepsMin * Math.max(usualStep(roots), 0.5 / Math.sqrt(calendar.intervalSec));
  const faults: number[] = [];
  let known = 0;
  for (let i = 0; i < roots.length; i++) {
    const root = roots[i] as number;
    if (Number.isNaN(root)) continue;
    known++;
    if (isFar(root, nearValues(roots, i), distance) && isFar(root, otherDays(roots, i, calendar), distance))
      faults.push(i);
  }
  const [last = -1, beforeLast = -1] = [faults.at(-1), faults.at(-2)];
  const isHigh = (roots[last] as number) > (roots[beforeLast - 1] as number);
  if (last === roots.length - 1 && beforeLast === last - 1 && isHigh) faults.splice(-2);
  if (faults.length > Math.max(countMin, shareMax * known)) return values;
  const calm = values.slice();
  for (const i of faults) calm[i] = Number.NaN;
  return calm;
}

/** Median change from one value to the next. */
function usualStep(roots: Float64Array): number {
  const steps: number[] = [];
  for (let i = 1; i < roots.length; i++) {
    const step = Math.abs((roots[i] as number) - (roots[i - 1] as number));
    if (!Number.isNaN(step)) steps.push(step);
  }
  const sorted = Float64Array.from(steps).sort();
  return sorted[sorted.length >> 1] ?? 0;
}

/** Neighbours by rising size, without the smallest and the largest: one of them may belong to the same fault. */
function nearValues(roots: Float64Array, at: number): number[] {
  const near: number[] = [];
  for (const direction of [-1, 1]) {
    let found = 0;
    for (let i = at + direction; i >= 0 && i < roots.length && found < neighboursEachSide; i += direction) {
      const root = roots[i] as number;
      if (Number.isNaN(root)) continue;
      near.push(root);
      found++;
    }
  }
  return near.sort((a, b) => a - b).slice(1, -1);
}

function otherDays(roots: Float64Array, at: number, calendar: SeasonCalendar): number[] {
  const same: number[] = [];
  for (let days = -daysEachSide; days <= daysEachSide; days++) {
    if (days === 0) continue;
    for (let offset = -1; offset <= 1; offset++) {
      const root = roots[calendar.earlier(at, days) + offset] ?? Number.NaN;
      if (!Number.isNaN(root)) same.push(root);
    }
  }
  return same;
}

/** Whether a root lies far above all others, or far below; true without any others. */
function isFar(root: number, others: readonly number[], distance: number): boolean {
  const [low, high] = [Math.min(...others), Math.max(...others)];
  if (others.length === 0) return true;
  const ratio = Math.sqrt(ratioMin);
  return (root - high > distance && root > ratio * high) || (low - root > distance && root * ratio < low);
}
