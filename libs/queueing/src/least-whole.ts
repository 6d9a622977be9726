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
