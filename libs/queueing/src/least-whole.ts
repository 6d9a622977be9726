/**
 * The least whole number from `from` on that satisfies a monotone condition (false below it, true from it on).
 *
 * Gallops away from a guess in doubling steps, then halves the bracket: the number of calls grows with the
 * logarithm of the distance between guess and answer, so a good guess makes a large search cheap.
 *
 * @returns undefined when nothing up to `upTo` satisfies it
 */
export function leastWhole(
  isEnough: (n: number) => boolean,
  { from, upTo, guess, step = 1 }: { from: number; upTo: number; guess: number; step?: number },
): number | undefined {
  if (from > upTo) return undefined;
  let width = Math.max(1, Math.round(step));
  let low = from - 1;
  let high = Math.min(Math.max(Math.ceil(guess), from), upTo);
  if (isEnough(high)) {
    for (;;) {
      const probe = high - width;
      if (probe <= low) break;
      if (!isEnough(probe)) {
        low = probe;
        break;
      }
      high = probe;
      width *= 2;
    }
  } else {
    for (;;) {
      if (high >= upTo) return undefined;
      low = high;
      high = Math.min(high + width, upTo);
      if (isEnough(high)) break;
      width *= 2;
    }
  }
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The same for a condition that is the sign of a falling quantity: enough where `gap` ≤ 0.
 *
 * Straight-line steps: worth it when an evaluation is dear and the gap nearly linear, like the logarithm of a
 * probability over the number of servers. Falls back to halving, so that a crooked gap costs no more than logarithmic time.
 *
 * @param range.slope the expected change of the gap from one whole number to the next, < 0
 */
export function leastWholeByGap(
  gap: (n: number) => number,
  { from, upTo, guess, slope }: { from: number; upTo: number; guess: number; slope: number },
): number | undefined {
  let low = from - 1;
  let high = upTo + 1;
  let gapLow = Number.NaN;
  let gapHigh = Number.NaN;
  let stride = 1;
  let n = Math.min(Math.max(Math.ceil(guess), from), upTo);
  for (let round = 1; ; round++) {
    const here = gap(n);
    if (here <= 0) {
      high = n;
      gapHigh = here;
    } else {
      low = n;
      gapLow = here;
    }
    if (high - low <= 1) return high > upTo ? undefined : high;
    const isBracketed = !Number.isNaN(gapLow) && !Number.isNaN(gapHigh);
    if (isBracketed && round % 4 === 0) {
      n = low + Math.floor((high - low) / 2);
    } else if (isBracketed) {
      n = Math.ceil(low + ((high - low) * gapLow) / (gapLow - gapHigh));
    } else {
      // One side only: where the slope says, and at least a stride that doubles.
      const step = Math.max(stride, Math.abs(here / slope)) * (here <= 0 ? -1 : 1);
      n = here <= 0 ? Math.ceil(n + Math.max(step, low - n)) : Math.ceil(n + Math.min(step, high - n));
      stride *= 2;
    }
    n = Math.min(Math.max(n, low + 1), high - 1);
  }
}
