/** A moment as somebody wrote it. */
export interface WrittenTime {
  /** ms since the epoch where the text names its zone; else what the clock showed, as if it were UTC. */
  ms: number;
  /** Minutes that the clock was ahead of UTC; undefined where the text does not say. */
  offsetMinutes: number | undefined;
}

const form =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(?:(Z)|([+-])(\d{2}):?(\d{2}))?$/i;

/**
 * Reads an ISO 8601 time such as `2026-01-31T13:45:00Z`, `2026-01-31 14:45+01:00` or `2026-01-31`. The machine's own
 * zone has no say in it.
 *
 * @returns undefined when the text is no such time, or names a day or an hour that does not exist
 */
export function parseTime(text: string): WrittenTime | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const field = (at: number): number => (match[at] === undefined ? 0 : Number(match[at]));
  const [year, month, day, hour, minute, second] = [field(1), field(2), field(3), field(4), field(5), field(6)];
  if (hour > 23 || minute > 59 || second > 59 || field(10) > 23 || field(11) > 59) return undefined;
  const fraction = match[7] === undefined ? 0 : Math.floor(Number(`0.${match[7]}`) * 1000 + 1e-6);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, fraction);
  // The calendar turns 30 February into a day of March.
  if (month < 1 || month > 12 || day < 1 || day > 28) {
    const date = new Date(ms);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  }
  if (match[8] !== undefined) return { ms, offsetMinutes: 0 };
  if (match[9] === undefined) return { ms, offsetMinutes: undefined };
  const offsetMinutes = (match[9] === '-' ? -1 : 1) * (field(10) * 60 + field(11));
  return { ms: ms - offsetMinutes * 60_000, offsetMinutes };
}
