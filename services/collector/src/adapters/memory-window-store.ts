import type { Observation, PlacedReport, WorkerSeen } from '../observe/observation.ts';
import { reportId, workerSeen } from '../observe/report-id.ts';
import type { WindowStore } from '../ports.ts';

interface PoolWindows {
  closed: number;
  knownSinceMs: number | undefined;
  /** Report ids by the window of their own time, and when one was added last. */
  seen: Map<number, { ids: Set<string>; atMs: number }>;
  reports: Map<number, PlacedReport[]>;
  workers: Map<string, WorkerSeen>;
  settled: Observation | undefined;
}

/** How long repeated reports are recognised, and windows kept that nobody settles, ms. */
const SEEN_MS = 600_000;
const WINDOWS_KEPT = 240;

/** The in-memory fake: windows in this process. Replicas of a test share one, and change nothing of what they are handed. */
export function createMemoryWindowStore(): WindowStore {
  const pools = new Map<string, PoolWindows>();
  const of = (pool: string): PoolWindows => {
    let windows = pools.get(pool);
    if (windows === undefined) {
      windows = {
        closed: 0,
        knownSinceMs: undefined,
        seen: new Map(),
        reports: new Map(),
        workers: new Map(),
        settled: undefined,
      };
      pools.set(pool, windows);
    }
    return windows;
  };

  return {
    put: async (pool, report, placement) => {
      const windows = of(pool);
      const seen = entry(windows.seen, placement.ownWindow, () => ({ ids: new Set<string>(), atMs: 0 }));
      const id = reportId(report);
      if (seen.ids.has(id)) return false;
      seen.ids.add(id);
      seen.atMs = Math.max(seen.atMs, placement.receivedAtMs);
      const window = Math.max(placement.window, windows.closed + 1);
      entry(windows.reports, window, () => []).push({ ...report, late: placement.window < windows.closed });
      const worker = workerSeen(report, placement);
      if (worker !== undefined) {
        const known = windows.workers.get(worker.worker);
        if (known === undefined || known.seenAtMs <= worker.seenAtMs) windows.workers.set(worker.worker, worker);
      }
      return true;
    },
    close: async (pool, window, { forgetWorkersBeforeMs, nowMs }) => {
      const windows = of(pool);
      windows.knownSinceMs ??= nowMs;
      windows.closed = Math.max(windows.closed, window);
      for (const [name, worker] of windows.workers) {
        if (worker.seenAtMs < forgetWorkersBeforeMs) windows.workers.delete(name);
      }
      for (const [own, { atMs }] of windows.seen) if (atMs < nowMs - SEEN_MS) windows.seen.delete(own);
      for (const old of windows.reports.keys()) if (old < windows.closed - WINDOWS_KEPT) windows.reports.delete(old);
      const { settled } = windows;
      return {
        reports: [...(windows.reports.get(window) ?? [])],
        workers: [...windows.workers.values()],
        previous: settled !== undefined && settled.window < window ? settled : undefined,
        knownSinceMs: windows.knownSinceMs,
      };
    },
    settle: async (pool, observation) => {
      const windows = of(pool);
      if (windows.settled === undefined || windows.settled.window < observation.window) {
        windows.settled = observation;
        windows.reports.delete(observation.window);
      }
      return windows.settled;
    },
    settled: async (pool) => pools.get(pool)?.settled,
    workers: async (pool) => [...(pools.get(pool)?.workers.values() ?? [])],
    forget: async (pool) => {
      pools.delete(pool);
    },
  };
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
