import type { HistoryPoint } from '@capplan/contracts';
import { averagePoints } from '../history/average.ts';
import { isImported, mergeImported, mergeLive } from '../history/merge-points.ts';
import type { HistoryStore } from '../ports.ts';

/** Imports whose progress is remembered. */
const importsMax = 1_000;

/** The in-memory fake: history in this process, the newest `pointsMax` points of each pool. */
export function createMemoryHistory({ pointsMax = 100_000 } = {}): HistoryStore {
  const pools = new Map<string, HistoryPoint[]>();
  const imports = new Map<string, number>();
  const put = (pool: string, points: HistoryPoint[]): void => {
    if (points.length > pointsMax) points.splice(0, points.length - pointsMax);
    pools.set(pool, points);
  };
  return {
    append: async (pool, point) => {
      const points = pools.get(pool) ?? [];
      const startMs = Date.parse(point.timestamp) - point.interval_s * 1000;
      const newest = points.at(-1);
      if (newest === undefined || Date.parse(newest.timestamp) <= startMs) {
        points.push({ ...point });
        return put(pool, points);
      }
      const newestLive = points.findLast((known) => !isImported(known));
      if (newestLive !== undefined && newestLive.timestamp >= point.timestamp) return;
      put(pool, mergeLive(points, [{ ...point }]));
    },
    read: async (pool, { fromMs, toMs, everySec }) => {
      const points = pools.get(pool) ?? [];
      const stretchMs = everySec < 300 ? undefined : everySec < 3600 ? 300_000 : 3_600_000;
      if (stretchMs === undefined) return between(points, fromMs, toMs).map((point) => ({ ...point }));
      // The points of all stretches that end within the range, and of no other.
      const first = (Math.ceil(fromMs / stretchMs) - 1) * stretchMs + 1;
      return averagePoints(between(points, first, Math.floor(toMs / stretchMs) * stretchMs), stretchMs / 1000);
    },
    import: async (pool, points, { importId, untilMs }) => {
      const known = pools.get(pool) ?? [];
      const before = new Map(known.map((point) => [point.timestamp, JSON.stringify(point)]));
      const { points: merged, measured } = mergeImported(
        known,
        points.map((point) => ({ ...point })),
      );
      const left = new Set(measured.map((point) => point.timestamp));
      const taken = points.filter((point) => !left.has(point.timestamp));
      const unchanged = taken.filter((point) => before.get(point.timestamp) === JSON.stringify(point)).length;
      put(pool, merged);
      if (importId !== undefined && untilMs !== undefined) {
        imports.set(`${pool} ${importId}`, untilMs);
        for (const oldest of imports.keys()) {
          if (imports.size <= importsMax) break;
          imports.delete(oldest);
        }
      }
      return { stored: taken.length - unchanged, unchanged, measured: measured.length };
    },
    importedUntilMs: async (pool, importId) => imports.get(`${pool} ${importId}`),
  };
}

/** Points with `fromMs ≤ timestamp ≤ toMs`, found without looking at the others. */
function between(points: readonly HistoryPoint[], fromMs: number, toMs: number): HistoryPoint[] {
  return points.slice(firstFrom(points, Math.ceil(fromMs)), firstFrom(points, Math.floor(toMs) + 1));
}

/** Index of the first point that is not earlier. */
function firstFrom(points: readonly HistoryPoint[], atMs: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse((points[middle] as HistoryPoint).timestamp) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
