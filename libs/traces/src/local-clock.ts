/** Minutes that a clock is ahead of UTC at a moment. */
export type ClockOffset = (ms: number) => number;

const dayMs = 86_400_000;
/** Clocks are changed at full quarters of an hour. */
const quarterMs = 900_000;

/** Reads what a clock showed, over its changes. */
export interface LocalClock {
  offsetAt: ClockOffset;
  /**
   * The moment at which the clock showed this. In the hour that a clock shows twice it is the first one, unless that is
   * not after `afterMs`.
   *
   * @param shownMs what the clock showed, as if it were UTC
   * @returns undefined in the hour that the clock left out
   */
  momentOf(shownMs: number, afterMs?: number): number | undefined;
}

export function createLocalClock(zone: ClockOffset): LocalClock {
  // Asking a zone is slow, and most questions are about the same quarter of an hour as the one before.
  const known = new Map<number, number>();
  const offsetAt = (ms: number): number => {
    const quarter = Math.floor(ms / quarterMs);
    let offset = known.get(quarter);
    if (offset === undefined) {
      offset = zone(quarter * quarterMs);
      if (known.size > 10_000) known.clear();
      known.set(quarter, offset);
    }
    return offset;
  };
  return {
    offsetAt,
    momentOf: (shownMs, afterMs = Number.NEGATIVE_INFINITY) => {
      // A zone changes at most once within two days: one of the offsets around is the right one.
      const moments = [offsetAt(shownMs - dayMs), offsetAt(shownMs + dayMs)]
        .map((offset) => ({ offset, ms: shownMs - offset * 60_000 }))
        .filter(({ offset, ms }) => offsetAt(ms) === offset)
        .map(({ ms }) => ms)
        .sort((a, b) => a - b);
      return moments.find((ms) => ms > afterMs) ?? moments[0];
    },
  };
}
