import type { Observation, PlacedReport, WorkerSeen } from '../observe/observation.ts';
import { reportId, workerSeen } from '../observe/report-id.ts';
import type { WindowStore } from '../ports.ts';

interface PoolWindows {
  closed: number;
  /** Report ids by the window that they tell of. */
  seen: Map<number, Set<string>>;
  reports: Map<number, PlacedReport[]>;
  workers: Map<string, WorkerSeen>;
  settled: Observation | undefined;
}

/** Windows kept behind the newest closed one: for a second closing, and to recognise repeated reports. */
const WINDOWS_KEPT = 64;

/** The twin: windows in this process. Replicas of a test share one, and change nothing of what they are handed. */
export function createMemoryWindowStore(): WindowStore {
  const pools = new Map<string, PoolWindows>();
  const of = (pool: string): PoolWindows => {
    let windows = pools.get(pool);
    if (windows === undefined) {
      windows = { closed: 0, seen: new Map(), reports: new Map(), workers: new Map(), settled: undefined };
      pools.set(pool, windows);
    }
    return windows;
  };

  return {
    put: async (pool, report, { told, place }) => {
      const windows = of(pool);
      const seen = entry(windows.seen, told, () => new Set<string>());
      const id = reportId(report);
      if (seen.has(id)) return false;
      seen.add(id);
      const window = Math.max(place, windows.closed + 1);
      entry(windows.reports, window, () => []).push({ ...report, late: told < windows.closed });
      const worker = workerSeen(report);
      if (worker !== undefined) {
        const known = windows.workers.get(worker.worker);
        if (known === undefined || known.seenAtMs <= worker.seenAtMs) windows.workers.set(worker.worker, worker);
      }
      return true;
    },
    close: async (pool, window, { forgetWorkersBeforeMs }) => {
      const windows = of(pool);
      windows.closed = Math.max(windows.closed, window);
      for (const [name, worker] of windows.workers) {
        if (worker.seenAtMs < forgetWorkersBeforeMs) windows.workers.delete(name);
      }
      for (const old of [windows.seen, windows.reports]) {
        for (const key of old.keys()) if (key < windows.closed - WINDOWS_KEPT) old.delete(key);
      }
      const { settled } = windows;
      return {
        reports: [...(windows.reports.get(window) ?? [])],
        workers: [...windows.workers.values()],
        previous: settled !== undefined && settled.window < window ? settled : undefined,
      };
    },
    settle: async (pool, observation) => {
      const windows = of(pool);
      if (windows.settled === undefined || windows.settled.window < observation.window) {
        windows.settled = observation;
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
