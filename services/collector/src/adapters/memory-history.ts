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
      const resolved = everySec < 300 ? points : averagePoints(points, everySec < 3600 ? 300 : 3600);
      return resolved
        .filter((point) => Date.parse(point.timestamp) >= fromMs && Date.parse(point.timestamp) <= toMs)
        .map((point) => ({ ...point }));
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
