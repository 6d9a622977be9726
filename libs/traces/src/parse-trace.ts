import type { ArrivalTrace } from './arrival-trace.ts';
import { type ClockOffset, createLocalClock, type LocalClock } from './local-clock.ts';
import { parseTime } from './parse-time.ts';

/** One thing that is wrong with a trace file, and where; `line` counts from 1, 0 means the file as a whole. */
export interface TraceProblem {
  line: number;
  reason: string;
}

export type ParsedTrace =
  | {
      ok: true;
      trace: ArrivalTrace;
      notices: string[];
      /** The clock that days and weeks follow: of the zone that was named, else of the file. Absent: UTC. */
      utcOffsetMinutesAt?: ClockOffset;
    }
  | { ok: false; problems: TraceProblem[] };

const problemsMax = 20;
const intervalsMax = 20_000_000;

interface Row {
  line: number;
  timestampMs: number;
  /** Minutes that the clock which wrote the row was ahead of UTC. */
  offsetMinutes: number;
  hasZone: boolean;
  ratePerSec: number;
}

/** The time zone of those who keep the file. */
export interface FileZone {
  name: string;
  utcOffsetMinutesAt: ClockOffset;
}

/**
 * Reads an arrival trace from CSV text: `timestamp,arrival_rate`, one row an interval, oldest first.
 *
 * Timestamps are ISO 8601; rates are mean arrivals per second over the interval that starts there. Times that name no
 * zone are times of `zone`, or UTC without one. Lines that begin with `#` are comments, of which `# interval_s: 60` sets
 * the interval; without it the most common distance between two rows does. Rows that are left out, and empty rates,
 * become NaN: unknown, not 0. Rows of whole days begin at the same time of their clock, and so over its changes too; each
 * counts as 24 hours.
 *
 * @returns the trace with notices worth showing, or every problem found (at most 20), each with its line
 * @example parseTrace('timestamp,arrival_rate\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,2\n', { name: 'demo' })
 */
export function parseTrace(text: string, { name, zone }: { name: string; zone?: FileZone | undefined }): ParsedTrace {
  const problems: TraceProblem[] = [];
  const clock = zone && createLocalClock(zone.utcOffsetMinutesAt);
  const { rows, declaredIntervalSec } = readRows(text, problems, clock);
  if (problems.length > 0) return { ok: false, problems };
  if (rows.length === 0) {
    return {
      ok: false,
      problems: [{ line: 0, reason: 'no rows; at least two are needed below the header timestamp,arrival_rate' }],
    };
  }
  const intervalMs = declaredIntervalSec === undefined ? commonIntervalMs(rows) : declaredIntervalSec * 1000;
  if (intervalMs === undefined) {
    return {
      ok: false,
      problems: [{ line: rows[0]?.line ?? 0, reason: 'one row alone has no interval; add a row or # interval_s: 60' }],
    };
  }
  const placed = placeOnGrid(rows, { name, intervalMs });
  if (!placed.ok) return placed;
  const ownOffset = clock ? undefined : offsetOfRows(rows);
  const utcOffsetMinutesAt = clock?.offsetAt ?? ownOffset;
  return {
    ...placed,
    notices: [...placed.notices, ...clockNotices(rows, zone, ownOffset !== undefined)],
    ...(utcOffsetMinutesAt && { utcOffsetMinutesAt }),
  };
}

function readRows(text: string, problems: TraceProblem[], clock: LocalClock | undefined) {
  const rows: Row[] = [];
  let declaredIntervalSec: number | undefined;
  let headerSeen = false;
  let line = 0;
  for (const raw of lines(text)) {
    line++;
    const content = raw.trim();
    if (content === '') continue;
    if (content.startsWith('#')) {
      const declared = /^#\s*interval_s\s*:\s*(\S+)/.exec(content)?.[1];
      if (declared === undefined) continue;
      declaredIntervalSec = Number(declared);
      if (!(declaredIntervalSec > 0 && Number.isFinite(declaredIntervalSec))) {
        problems.push({ line, reason: `interval_s is '${declared}', not a number of seconds above 0` });
      }
      continue;
    }
    if (!headerSeen) {
      if (content.replaceAll(/[\s"]/g, '').toLowerCase() !== 'timestamp,arrival_rate') {
        problems.push({ line, reason: `the header is '${shorten(content)}', expected timestamp,arrival_rate` });
        break;
      }
      headerSeen = true;
      continue;
    }
    const row = readRow(content, line, { before: rows.at(-1), clock });
    if (typeof row === 'string') problems.push({ line, reason: row });
    else rows.push(row);
    if (problems.length >= problemsMax) break;
  }
  return { rows, declaredIntervalSec };
}

function readRow(
  content: string,
  line: number,
  { before, clock }: { before: Row | undefined; clock: LocalClock | undefined },
): Row | string {
  const fields = content.split(',');
  if (fields.length !== 2) return `${fields.length} fields, expected 2: timestamp,arrival_rate`;
  const [stamp = '', rateText = ''] = fields.map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  const written = parseTime(stamp);
  if (written === undefined) {
    return `'${shorten(stamp)}' is not an ISO 8601 time such as 2026-01-31T13:45:00Z, on a day that exists`;
  }
  const hasZone = written.offsetMinutes !== undefined;
  const timestampMs = hasZone || !clock ? written.ms : clock.momentOf(written.ms, before?.timestampMs);
  if (timestampMs === undefined) {
    return `${stamp} does not exist in this time zone: its clocks are put forward then; name the offset, or write UTC`;
  }
  const unknown = rateText === '' || /^(nan|na|null)$/i.test(rateText);
  const ratePerSec = unknown ? Number.NaN : Number(rateText);
  if (!unknown && !Number.isFinite(ratePerSec)) return `arrival_rate '${shorten(rateText)}' is not a number`;
  if (ratePerSec < 0) return `arrival_rate ${rateText} is negative`;
  if (before && timestampMs <= before.timestampMs) {
    const how = timestampMs === before.timestampMs ? 'repeats' : 'is earlier than';
    return `${stamp} ${how} the time on line ${before.line}; rows must be sorted, one an interval`;
  }
  const offsetMinutes = clock?.offsetAt(timestampMs) ?? written.offsetMinutes ?? 0;
  return { line, timestampMs, offsetMinutes, hasZone, ratePerSec };
}

function placeOnGrid(
  rows: readonly Row[],
  { name, intervalMs }: { name: string; intervalMs: number },
): { ok: true; trace: ArrivalTrace; notices: string[] } | { ok: false; problems: TraceProblem[] } {
  const [first, last] = [rows[0] as Row, rows.at(-1) as Row];
  const timeOf = intervalMs % dayMs === 0 ? shownMs : (row: Row): number => row.timestampMs;
  const length = Math.round((timeOf(last) - timeOf(first)) / intervalMs) + 1;
  if (length > intervalsMax) {
    const reason = `rows span ${length} intervals of ${intervalMs / 1000} s, more than ${intervalsMax}; check the first and last time`;
    return { ok: false, problems: [{ line: last.line, reason }] };
  }
  const problems: TraceProblem[] = [];
  const ratesPerSec = new Float64Array(length).fill(Number.NaN);
  for (const row of rows) {
    const position = (timeOf(row) - timeOf(first)) / intervalMs;
    if (Math.abs(position - Math.round(position)) * intervalMs > 1) {
      problems.push({
        line: row.line,
        reason: `${new Date(row.timestampMs).toISOString()} is not a whole number of ${intervalMs / 1000} s intervals after the first row (line ${first.line})${intervalMs % dayMs === 0 && row.hasZone ? '; days of a clock that is changed need its time zone' : ''}`,
      });
      if (problems.length >= problemsMax) break;
    } else {
      ratesPerSec[Math.round(position)] = row.ratePerSec;
    }
  }
  if (problems.length > 0) return { ok: false, problems };

  const notices: string[] = [];
  const missing = ratesPerSec.reduce((count, rate) => count + (Number.isNaN(rate) ? 1 : 0), 0);
  if (missing === length) {
    return { ok: false, problems: [{ line: 0, reason: 'every arrival_rate is empty; at least one must be known' }] };
  }
  if (missing > 0) notices.push(`${missing} of ${length} intervals are missing and count as unknown`);
  const hours = new Set(rows.map(({ timestampMs }) => timestampMs % dayMs));
  if (timeOf === shownMs && hours.size > 1) {
    notices.push('rows of whole days follow a clock that is changed: a day of 23 or 25 hours counts as 24');
  }
  return {
    ok: true,
    trace: { name, startMs: first.timestampMs, intervalSec: intervalMs / 1000, ratesPerSec },
    notices,
  };
}

const dayMs = 86_400_000;

/** What the clock showed that wrote a row, as if it were UTC. */
function shownMs(row: Row): number {
  return row.timestampMs + row.offsetMinutes * 60_000;
}

/** Whole days by the clock of the file where it has such, else the most common time between two rows. */
function commonIntervalMs(rows: readonly Row[]): number | undefined {
  const byClock = commonDifferenceMs(rows.map(shownMs));
  if (byClock !== undefined && byClock % dayMs === 0) return byClock;
  return commonDifferenceMs(rows.map(({ timestampMs }) => timestampMs));
}

/** The most common distance between neighbours; of two equally common ones the shorter. */
function commonDifferenceMs(times: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (let i = 1; i < times.length; i++) {
    const difference = (times[i] as number) - (times[i - 1] as number);
    counts.set(difference, (counts.get(difference) ?? 0) + 1);
  }
  let best: number | undefined;
  for (const [difference, count] of counts) {
    const bestCount = best === undefined ? 0 : (counts.get(best) ?? 0);
    if (count > bestCount || (count === bestCount && difference < (best ?? Infinity))) best = difference;
  }
  return best;
}

/** The clock of the rows themselves; undefined where it is UTC throughout. */
function offsetOfRows(rows: readonly Row[]): ClockOffset | undefined {
  const changes: Row[] = [];
  for (const row of rows) if (row.offsetMinutes !== changes.at(-1)?.offsetMinutes) changes.push(row);
  const [first] = changes;
  if (first === undefined || (changes.length === 1 && first.offsetMinutes === 0)) return undefined;
  return (ms) => (changes.findLast(({ timestampMs }) => timestampMs <= ms) ?? first).offsetMinutes;
}

function clockNotices(rows: readonly Row[], zone: FileZone | undefined, isOwn: boolean): string[] {
  const notices: string[] = [];
  const zoneless = rows.reduce((count, { hasZone }) => count + (hasZone ? 0 : 1), 0);
  if (zoneless > 0) {
    const read = zone ? `are times of ${zone.name}` : 'were read as UTC';
    notices.push(`${zoneless} of ${rows.length} timestamps name no time zone and ${read}`);
  }
  if (isOwn) {
    const offsets = [...new Set(rows.map(({ offsetMinutes }) => offsetText(offsetMinutes)))];
    const some = offsets.length > 3 ? `${offsets.slice(0, 3).join(', ')} …` : offsets.join(', ');
    notices.push(`days and weeks follow the clock of the file: ${some}`);
  }
  return notices;
}

function offsetText(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function* lines(text: string): Generator<string> {
  let from = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (from <= text.length) {
    const end = text.indexOf('\n', from);
    yield text.slice(from, end < 0 ? text.length : end);
    if (end < 0) return;
    from = end + 1;
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
