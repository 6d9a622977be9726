import { type HistoryPoint, type HistoryRow, timestamp } from '@capplan/contracts';

/** Problems named of one batch: enough to see what is wrong with the source. */
const problemsMax = 20;
/** Ends and beginnings that lie no further apart are the same moment, ms. */
const sameMomentMs = 1;
/** A rate so many times above what nearly all rows of a batch stay below is no demand. */
const absurdFactor = 50;
/** Of fewer rows nobody can say what is usual, nor of a value that more than one in a hundred reach. */
const rowsToJudge = 100;

/** What an import can not say of a pool; each row adds what it leaves open. */
const neverImported = ['completion_rate', 'busy_slots', 'utilization', 'error_rate'] as const;

export type ImportedPoints =
  | {
      ok: true;
      /** Oldest first, none overlapping another. */
      points: HistoryPoint[];
      tooOld: number;
      distrusted: number;
      gaps: number;
    }
  | { ok: false; problems: string[] };

/**
 * The rows of a batch as points of history, each in the place of its interval's end.
 *
 * Rows of a batch are in order, do not overlap and lie in the past; they may have gaps and intervals of different
 * lengths. A rate fifty times above the 99th percentile of the batch is kept and not trusted: nothing is learned of it.
 *
 * @returns every problem with its row, `rows/N`, counted from 0; at most 20
 */
export function importedPoints(
  rows: readonly HistoryRow[],
  { nowMs, keptFromMs }: { nowMs: number; keptFromMs: number },
): ImportedPoints {
  const problems: string[] = [];
  const points: HistoryPoint[] = [];
  let [tooOld, gaps] = [0, 0];
  let beforeEndMs = Number.NEGATIVE_INFINITY;
  for (const [index, row] of rows.entries()) {
    const endMs = Date.parse(row.timestamp);
    const problem = problemOf(row, { endMs, beforeEndMs, nowMs });
    if (problem !== undefined) {
      problems.push(`rows/${index}: ${problem}`);
      if (problems.length >= problemsMax) break;
    }
    if (endMs - row.interval_s * 1000 > beforeEndMs + sameMomentMs && index > 0) gaps += 1;
    beforeEndMs = Math.max(beforeEndMs, endMs);
    if (endMs <= keptFromMs) tooOld += 1;
    else points.push(pointOf(row, endMs));
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, points, tooOld, gaps, distrusted: distrustAbsurd(points) };
}

function problemOf(
  row: HistoryRow,
  { endMs, beforeEndMs, nowMs }: { endMs: number; beforeEndMs: number; nowMs: number },
): string | undefined {
  const named = (row.arrival_rate === undefined ? 0 : 1) + (row.arrived === undefined ? 0 : 1);
  if (named !== 1) return 'give just one of arrival_rate (jobs per second) and arrived (jobs within the interval)';
  if (row.service_time_scv !== undefined && row.service_time_mean_s === undefined) {
    return 'service_time_scv says nothing without service_time_mean_s';
  }
  if (endMs > nowMs) return `the interval ends at ${row.timestamp}, which is still to come`;
  if (endMs === beforeEndMs) return `${row.timestamp} stands there twice; one row an interval`;
  if (endMs < beforeEndMs) return `${row.timestamp} is earlier than the row before; sort the rows, oldest first`;
  if (endMs - row.interval_s * 1000 < beforeEndMs - sameMomentMs) {
    return `the interval of ${row.interval_s} s that ends at ${row.timestamp} overlaps the row before; timestamp is the end of an interval`;
  }
  return undefined;
}

function pointOf(row: HistoryRow, endMs: number): HistoryPoint {
  const open: NonNullable<HistoryPoint['unknown']> = [...neverImported];
  for (const figure of ['service_time_mean_s', 'service_time_scv', 'current_workers', 'backlog'] as const) {
    if (row[figure] === undefined) open.push(figure);
  }
  return {
    timestamp: timestamp(endMs),
    interval_s: row.interval_s,
    arrival_rate: row.arrival_rate ?? (row.arrived ?? 0) / row.interval_s,
    completion_rate: 0,
    service_time_mean_s: row.service_time_mean_s ?? 0,
    service_time_scv: row.service_time_scv ?? 0,
    response_time_p95_s: null,
    current_workers: row.current_workers ?? 0,
    busy_slots: 0,
    utilization: 0,
    backlog: row.backlog ?? 0,
    error_rate: 0,
    trusted_share: 1,
    imported_share: 1,
    unknown: open,
  };
}

/** Marks what cannot be demand, and says how many rows that were. */
function distrustAbsurd(points: readonly HistoryPoint[]): number {
  const rates = points.map((point) => point.arrival_rate).filter((rate) => rate > 0);
  if (rates.length < rowsToJudge) return 0;
  const usual = Float64Array.from(rates).sort()[Math.floor(0.99 * (rates.length - 1))] as number;
  let distrusted = 0;
  for (const point of points) {
    if (point.arrival_rate <= absurdFactor * usual) continue;
    point.trusted_share = 0;
    distrusted += 1;
  }
  return distrusted;
}
