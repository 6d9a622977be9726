import type { ArrivalTrace } from './arrival-trace.ts';

/** One thing that is wrong with a trace file, and where; `line` counts from 1, 0 means the file as a whole. */
export interface TraceProblem {
  line: number;
  reason: string;
}

export type ParsedTrace =
  | { ok: true; trace: ArrivalTrace; notices: string[] }
  | { ok: false; problems: TraceProblem[] };

const problemsMax = 20;
const intervalsMax = 20_000_000;

interface Row {
  line: number;
  timestampMs: number;
  ratePerSec: number;
}

/**
 * Reads an arrival trace from CSV text: `timestamp,arrival_rate`, one row an interval, oldest first.
 *
 * Timestamps are ISO 8601 (read as UTC when they name no zone); rates are mean arrivals per second over the interval
 * that starts there. Lines that begin with `#` are comments, of which `# interval_s: 60` sets the interval; without it
 * the most common distance between two rows does. Rows that are left out, and empty rates, become NaN: unknown, not 0.
 *
 * @returns the trace with notices worth showing, or every problem found (at most 20), each with its line
 * @example parseTrace('timestamp,arrival_rate\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,2\n', { name: 'demo' })
 */
export function parseTrace(text: string, { name }: { name: string }): ParsedTrace {
  const problems: TraceProblem[] = [];
  const { rows, declaredIntervalSec, zoneless } = readRows(text, problems);
  if (problems.length > 0) return { ok: false, problems };
  if (rows.length === 0) {
    return {
      ok: false,
      problems: [{ line: 0, reason: 'no rows; at least two are needed below the header timestamp,arrival_rate' }],
    };
  }
  const intervalMs = declaredIntervalSec === undefined ? commonDifferenceMs(rows) : declaredIntervalSec * 1000;
  if (intervalMs === undefined) {
    return {
      ok: false,
      problems: [{ line: rows[0]?.line ?? 0, reason: 'one row alone has no interval; add a row or # interval_s: 60' }],
    };
  }
  return placeOnGrid(rows, { name, intervalMs, zoneless });
}

function readRows(text: string, problems: TraceProblem[]) {
  const rows: Row[] = [];
  let declaredIntervalSec: number | undefined;
  let headerSeen = false;
  let zoneless = 0;
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
    const row = readRow(content, line, rows.at(-1));
    if (typeof row === 'string') problems.push({ line, reason: row });
    else {
      rows.push(row);
      if (!hasZone(content)) zoneless++;
    }
    if (problems.length >= problemsMax) break;
  }
  return { rows, declaredIntervalSec, zoneless };
}

function readRow(content: string, line: number, before: Row | undefined): Row | string {
  const fields = content.split(',');
  if (fields.length !== 2) return `${fields.length} fields, expected 2: timestamp,arrival_rate`;
  const [stamp = '', rateText = ''] = fields.map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  const timestampMs = parseTimestampMs(stamp);
  if (Number.isNaN(timestampMs)) {
    return `'${shorten(stamp)}' is not an ISO 8601 time such as 2026-01-31T13:45:00Z`;
  }
  const unknown = rateText === '' || /^(nan|na|null)$/i.test(rateText);
  const ratePerSec = unknown ? Number.NaN : Number(rateText);
  if (!unknown && !Number.isFinite(ratePerSec)) return `arrival_rate '${shorten(rateText)}' is not a number`;
  if (ratePerSec < 0) return `arrival_rate ${rateText} is negative`;
  if (before && timestampMs <= before.timestampMs) {
    const how = timestampMs === before.timestampMs ? 'repeats' : 'is earlier than';
    return `${stamp} ${how} the time on line ${before.line}; rows must be sorted, one an interval`;
  }
  return { line, timestampMs, ratePerSec };
}

function placeOnGrid(
  rows: readonly Row[],
  { name, intervalMs, zoneless }: { name: string; intervalMs: number; zoneless: number },
): ParsedTrace {
  const [first, last] = [rows[0] as Row, rows.at(-1) as Row];
  const length = Math.round((last.timestampMs - first.timestampMs) / intervalMs) + 1;
  if (length > intervalsMax) {
    const reason = `rows span ${length} intervals of ${intervalMs / 1000} s, more than ${intervalsMax}; check the first and last time`;
    return { ok: false, problems: [{ line: last.line, reason }] };
  }
  const problems: TraceProblem[] = [];
  const ratesPerSec = new Float64Array(length).fill(Number.NaN);
  for (const row of rows) {
    const position = (row.timestampMs - first.timestampMs) / intervalMs;
    if (Math.abs(position - Math.round(position)) * intervalMs > 1) {
      problems.push({
        line: row.line,
        reason: `${new Date(row.timestampMs).toISOString()} is not a whole number of ${intervalMs / 1000} s intervals after the first row (line ${first.line})`,
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
  if (zoneless > 0) notices.push(`${zoneless} of ${rows.length} timestamps name no time zone and were read as UTC`);
  return {
    ok: true,
    trace: { name, startMs: first.timestampMs, intervalSec: intervalMs / 1000, ratesPerSec },
    notices,
  };
}

/** The most common distance between neighbours; of two equally common ones the shorter. */
function commonDifferenceMs(rows: readonly Row[]): number | undefined {
  const counts = new Map<number, number>();
  for (let i = 1; i < rows.length; i++) {
    const difference = (rows[i] as Row).timestampMs - (rows[i - 1] as Row).timestampMs;
    counts.set(difference, (counts.get(difference) ?? 0) + 1);
  }
  let best: number | undefined;
  for (const [difference, count] of counts) {
    const bestCount = best === undefined ? 0 : (counts.get(best) ?? 0);
    if (count > bestCount || (count === bestCount && difference < (best ?? Infinity))) best = difference;
  }
  return best;
}

const isoTime = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

function parseTimestampMs(stamp: string): number {
  const match = isoTime.exec(stamp);
  if (!match) return Number.NaN;
  const dateOnly = stamp.length === 10;
  const withZone = match[1] || dateOnly ? stamp : `${stamp}Z`;
  return Date.parse(withZone.replace(' ', 'T').replace(/([+-]\d{2})(\d{2})$/, dateOnly ? '$&' : '$1:$2'));
}

function hasZone(content: string): boolean {
  return /(?:z|:\d{2}(?:\.\d+)?[+-]\d{2}:?\d{2})"?\s*,/i.test(content);
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
