/** Minutes that local clocks are ahead of UTC at a moment, -840 to 840. */
export type UtcOffset = (ms: number) => number;

/**
 * The offset of an IANA time zone, daylight saving included.
 *
 * @throws RangeError when the zone is not known
 * @example utcOffsetOf('Europe/Berlin')(Date.UTC(2026, 6, 1)) // 120
 */
export function utcOffsetOf(timeZone: string): UtcOffset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const wholeSecondMs = Math.floor(ms / 1000) * 1000;
    const field: Record<string, number> = {};
    for (const part of format.formatToParts(wholeSecondMs)) field[part.type] = Number(part.value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
    return Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecondMs) / 60_000);
  };
}

/**
 * Offsets at `count` equally spaced moments. Asks for one offset a day and searches inside the days in which it
 * changes, because asking a time zone is slow.
 */
export function offsetsMinutes(
  offsetAt: UtcOffset,
  { startMs, intervalMs, count }: { startMs: number; intervalMs: number; count: number },
): Int16Array {
  const offsets = new Int16Array(count);
  const block = Math.max(1, Math.floor(86_400_000 / intervalMs));
  const at = (step: number): number => offsetAt(startMs + step * intervalMs);
  let low = 0;
  let lowOffset = count > 0 ? at(0) : 0;
  while (low < count) {
    const high = Math.min(count, low + block);
    const highOffset = at(high);
    let change = high;
    if (highOffset !== lowOffset) {
      let before = low;
      while (change - before > 1) {
        const middle = (before + change) >> 1;
        if (at(middle) === lowOffset) before = middle;
        else change = middle;
      }
    }
    offsets.fill(lowOffset, low, change);
    offsets.fill(highOffset, change, high);
    low = high;
    lowOffset = highOffset;
  }
  return offsets;
}
