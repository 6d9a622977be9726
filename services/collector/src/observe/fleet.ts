import { type Pool, type Rollout, startupDelaySec } from '@capplan/contracts';
import type { Note, ObserveSettings, PlacedReport, PoolMemory, Suspect, WorkerSeen } from './observation.ts';

export interface Fleet {
  /** False when nobody could say how many workers there are; the figures are zeros then. */
  isKnown: boolean;
  /** The last workers said goodbye, and none has come since. */
  haveAllLeft: boolean;
  /** Workers that take jobs. */
  workers: number;
  /** Ordered and not yet seen. */
  starting: number;
  /** Everything that costs: also those that drain. */
  paid: number;
  slots: number;
  /** Jobs running at the end of the window, those of draining workers included. */
  busy: number;
  /** Busy share of the slots over the window, from all heartbeats in it. */
  utilization: number;
  /** The greatest backlog that a worker saw; null when none says. */
  reportedBacklog: number | null;
  suspects: Suspect[];
  notes: Note[];
}

/** Clocks further off than this are worth a note, ms. Reports are under way for some of it. */
const CLOCK_OFF_MS = 5000;

/** Silent for so many timeouts, a worker is forgotten even where most of its kind are silent. */
const FORGOTTEN_TIMEOUTS = 10;

/**
 * Which workers are there, and what do they do?
 *
 * A worker counts while its newest heartbeat was received less than the timeout ago, whatever its own clock says. One
 * that falls silent is gone; when most of them fall silent at once, it is the reporting that is gone: they stay counted,
 * and the snapshot is not trusted.
 *
 * Nobody reporting means nobody is there only where that is known otherwise: they said goodbye, none was ordered, the
 * pool was registered with none, or we are the one who starts them. Else the number of workers is unknown.
 */
export function countFleet(
  input: {
    pool: Pool;
    seen: readonly WorkerSeen[];
    reports: readonly PlacedReport[];
    rollout: Rollout | undefined;
    memory: Pick<PoolMemory, 'workers' | 'haveAllLeft'>;
    nowMs: number;
  },
  settings: ObserveSettings,
): Fleet {
  const { pool, seen, nowMs } = input;
  const timeoutSec = workerTimeoutSec(settings);
  const timeoutMs = timeoutSec * 1000;
  const suspects: Suspect[] = [];
  const staying = seen.filter((worker) => !worker.leaving && nowMs - worker.seenAtMs <= FORGOTTEN_TIMEOUTS * timeoutMs);
  const heard = staying.filter((worker) => nowMs - worker.seenAtMs <= timeoutMs);
  const silent = staying.length - heard.length;
  let present = heard;
  if (silent > 0 && silent > heard.length && input.memory.workers > heard.length) {
    present = staying;
    suspects.push({
      source: 'workers',
      reason: 'stale',
      detail: `${silent} of ${staying.length} workers silent for over ${timeoutSec} s without having said goodbye`,
    });
  }
  const haveAllLeft =
    present.length === 0 &&
    (seen.length === 0 ? input.memory.haveAllLeft === true : seen.every((worker) => worker.leaving));
  const expected = newestOrder(input.rollout)?.workers ?? pool.initial_workers;
  const isNumberKnown = present.length > 0 || haveAllLeft || expected === 0 || pool.actuator.kind === 'process';
  const isKnown =
    isNumberKnown || (newestOrder(input.rollout) !== undefined && isStartingUp(pool, input.rollout, nowMs));
  if (!isKnown) {
    const detail =
      expected === undefined
        ? 'no worker of this pool has reported; let them report, or register it with initial_workers: 0 if none runs'
        : `no heartbeat from any of ${expected} workers`;
    suspects.push({ source: 'workers', reason: 'missing', detail });
  } else if (present.length === 0 && (expected ?? 0) > 0 && !isStartingUp(pool, input.rollout, nowMs)) {
    suspects.push({ source: 'workers', reason: 'missing', detail: `no heartbeat from any of ${expected} workers` });
  }
  const active = present.filter((worker) => !worker.draining);
  const slots = active.reduce((sum, worker) => sum + worker.concurrency, 0);
  const starting = startingWorkers({ pool, rollout: input.rollout, workers: active.length, nowMs });
  return {
    isKnown,
    haveAllLeft,
    workers: active.length,
    starting,
    paid: present.length + starting,
    slots,
    busy: present.reduce((sum, worker) => sum + Math.min(worker.busy, worker.concurrency), 0),
    utilization: utilizationOf(input.reports, active),
    reportedBacklog: greatestBacklog(present),
    suspects,
    notes: noteClocks(present),
  };
}

function noteClocks(workers: readonly WorkerSeen[]): Note[] {
  const off = workers.map(({ clockAheadMs }) => clockAheadMs ?? 0).filter((ms) => Math.abs(ms) > CLOCK_OFF_MS);
  if (off.length === 0) return [];
  const behindSec = Math.round(-Math.min(0, ...off) / 1000);
  const aheadSec = Math.round(Math.max(0, ...off) / 1000);
  const by = [...(behindSec > 0 ? [`${behindSec} s behind`] : []), ...(aheadSec > 0 ? [`${aheadSec} s ahead of`] : [])];
  const detail = `the clocks of ${off.length} of ${workers.length} workers are up to ${by.join(' and ')} ours; their reports are placed by when they were received`;
  return [{ source: 'workers', detail }];
}

/** A worker counts for so long after its newest heartbeat. Where windows are long, reports may be as rare as they are. */
function workerTimeoutSec(settings: Pick<ObserveSettings, 'workerTimeoutSec' | 'intervalSec'>): number {
  return Math.max(settings.workerTimeoutSec, 2.5 * settings.intervalSec);
}

/** The workers that are there at a moment: heard from lately and not gone, in the order of their names. */
export function presentWorkers(
  seen: readonly WorkerSeen[],
  nowMs: number,
  settings: Pick<ObserveSettings, 'workerTimeoutSec' | 'intervalSec'>,
): WorkerSeen[] {
  return seen
    .filter((worker) => !worker.leaving && nowMs - worker.seenAtMs <= workerTimeoutSec(settings) * 1000)
    .sort((a, b) => (a.worker < b.worker ? -1 : 1));
}

/**
 * How many workers were ordered that have not reported yet?
 *
 * Believed for three start-up delays and a minute after the order; whoever has not come by then does not come.
 */
function startingWorkers(input: { pool: Pool; rollout: Rollout | undefined; workers: number; nowMs: number }): number {
  const ordered = newestOrder(input.rollout);
  if (ordered === undefined) return 0;
  const patienceMs = (3 * startupDelaySec(input.pool) + 60) * 1000;
  if (input.nowMs - ordered.atMs > patienceMs) return 0;
  return Math.max(0, ordered.workers - input.workers);
}

function newestOrder(rollout: Rollout | undefined): { workers: number; atMs: number } | undefined {
  let newest: { workers: number; atMs: number } | undefined;
  for (const step of rollout?.steps ?? []) {
    if (step.ordered_at === undefined || step.state === 'skipped') continue;
    const atMs = Date.parse(step.ordered_at);
    if (newest === undefined || atMs >= newest.atMs) newest = { workers: step.to_workers, atMs };
  }
  return newest;
}

function isStartingUp(pool: Pool, rollout: Rollout | undefined, nowMs: number): boolean {
  const sinceMs = newestOrder(rollout)?.atMs ?? Date.parse(pool.updated_at);
  return nowMs - sinceMs <= (3 * startupDelaySec(pool) + 60) * 1000;
}

function utilizationOf(reports: readonly PlacedReport[], active: readonly WorkerSeen[]): number {
  let busy = 0;
  let slots = 0;
  for (const report of reports) {
    if (report.kind !== 'heartbeat' || report.late || report.data.draining || report.data.leaving) continue;
    busy += Math.min(report.data.busy, report.data.concurrency);
    slots += report.data.concurrency;
  }
  if (slots > 0) return busy / slots;
  for (const worker of active) {
    busy += Math.min(worker.busy, worker.concurrency);
    slots += worker.concurrency;
  }
  return slots > 0 ? busy / slots : 0;
}

function greatestBacklog(workers: readonly WorkerSeen[]): number | null {
  let greatest: number | null = null;
  for (const { backlog } of workers) if (backlog !== null) greatest = Math.max(greatest ?? 0, backlog);
  return greatest;
}
