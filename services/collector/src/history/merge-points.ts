import type { HistoryPoint } from '@capplan/contracts';

/** Intervals that share less are neighbours, ms. */
const sharedMs = 1;

interface Span {
  startMs: number;
  endMs: number;
}

/** True for a point that was put in rather than measured here. */
export function isImported(point: HistoryPoint): boolean {
  return (point.imported_share ?? 0) > 0;
}

/**
 * History with what was imported into it: a live measurement stays whatever an import says of its time, and a later
 * import takes the place of an earlier one that it overlaps.
 *
 * @param known ascending in time
 * @param imported ascending in time, none overlapping another
 * @returns ascending in time, and the imported points that were left out for live ones
 */
export function mergeImported(
  known: readonly HistoryPoint[],
  imported: readonly HistoryPoint[],
): { points: HistoryPoint[]; measured: HistoryPoint[] } {
  const [taken, measured] = apart(
    imported,
    known.filter((point) => !isImported(point)),
  );
  const live = known.filter((point) => !isImported(point));
  const [kept] = apart(known.filter(isImported), taken);
  return { points: sorted([...live, ...kept, ...taken]), measured };
}

/** History with what was measured live: it takes the place of what was imported for its time, and of itself. */
export function mergeLive(known: readonly HistoryPoint[], live: readonly HistoryPoint[]): HistoryPoint[] {
  const fresh = new Set(live.map((point) => point.timestamp));
  const before = known.filter((point) => !isImported(point) && !fresh.has(point.timestamp));
  const [kept] = apart(known.filter(isImported), live);
  return sorted([...before, ...kept, ...live]);
}

/** Parts points into those that overlap none of the others and those that do. Both lists ascend in time. */
function apart(
  points: readonly HistoryPoint[],
  others: readonly HistoryPoint[],
): [free: HistoryPoint[], overlapping: HistoryPoint[]] {
  const free: HistoryPoint[] = [];
  const overlapping: HistoryPoint[] = [];
  const spans = others.map(spanOf);
  let at = 0;
  for (const point of points) {
    const { startMs, endMs } = spanOf(point);
    while (at < spans.length && (spans[at] as Span).endMs <= startMs + sharedMs) at += 1;
    const next = spans[at];
    (next !== undefined && next.startMs < endMs - sharedMs ? overlapping : free).push(point);
  }
  return [free, overlapping];
}

function spanOf(point: HistoryPoint): Span {
  const endMs = Date.parse(point.timestamp);
  return { startMs: endMs - point.interval_s * 1000, endMs };
}

function sorted(points: HistoryPoint[]): HistoryPoint[] {
  // Times are all written alike, so that their texts sort as they do.
  return points.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
}
