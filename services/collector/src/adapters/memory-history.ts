import type { HistoryPoint } from '@capplan/contracts';
import { averagePoints } from '../history/average.ts';
import type { HistoryStore } from '../ports.ts';

/** The twin: history in this process, the newest `pointsMax` points of each pool. */
export function createMemoryHistory({ pointsMax = 100_000 } = {}): HistoryStore {
  const pools = new Map<string, HistoryPoint[]>();
  return {
    append: async (pool, point) => {
      let points = pools.get(pool);
      if (points === undefined) {
        points = [];
        pools.set(pool, points);
      }
      const newest = points.at(-1);
      if (newest !== undefined && Date.parse(newest.timestamp) >= Date.parse(point.timestamp)) return;
      points.push({ ...point });
      if (points.length > pointsMax) points.splice(0, points.length - pointsMax);
    },
    read: async (pool, { fromMs, toMs, everySec }) => {
      const points = pools.get(pool) ?? [];
      const resolved = everySec < 300 ? points : averagePoints(points, everySec < 3600 ? 300 : 3600);
      return resolved
        .filter((point) => Date.parse(point.timestamp) >= fromMs && Date.parse(point.timestamp) <= toMs)
        .map((point) => ({ ...point }));
    },
  };
}
