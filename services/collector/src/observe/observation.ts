import type { IngestData, Pool, Rollout, Snapshot } from '@capplan/contracts';
import type { SketchWire } from '@capplan/sketch';
import type { CollectorConfig } from '../config.ts';

/** A worker as its newest heartbeat told. */
export interface WorkerSeen {
  worker: string;
  /** When that heartbeat was received, ms since the epoch: the worker's own clock has no say in whether it is there. */
  seenAtMs: number;
  /** How far the worker's clock is ahead of ours, ms; negative when behind. Absent in what earlier versions stored. */
  clockAheadMs?: number;
  sequence: number;
  concurrency: number;
  busy: number;
  draining: boolean;
  leaving: boolean;
  backlog: number | null;
}

export type WindowReport =
  | { kind: 'job'; data: IngestData<'job'> }
  | { kind: 'arrival'; data: IngestData<'arrival'> }
  | { kind: 'heartbeat'; data: IngestData<'heartbeat'> };

/** A report as it was placed: `late` when the window that it belongs to was not the last one to close. */
export type PlacedReport = WindowReport & { late: boolean };

export interface ClosedWindow {
  reports: PlacedReport[];
  /** The newest heartbeat of every worker not forgotten. */
  workers: WorkerSeen[];
  /** What was settled for an earlier window; undefined at first. */
  previous: Observation | undefined;
  /** Since when the store has known this pool, ms since the epoch: another moment means that it was emptied in between. */
  knownSinceMs: number;
}

/** How asking a queue for its depth went. `not_asked`: this pool has no queue to ask. */
export type DepthOutcome =
  | { ok: true; jobs: number; asOfMs: number }
  | { ok: false; reason: 'unreachable' | 'missing'; detail: string }
  | { ok: false; reason: 'not_asked' };

/** What the next window has to know of the ones before. */
export interface PoolMemory {
  /** Jobs waiting plus running, and when that was so; null before the first trusted reading. */
  level: { jobs: number; atMs: number } | null;
  backlog: number;
  /** Jobs that the flow says have not arrived: measured too early, taken off the next windows. ≤ 0. */
  debtJobs: number;
  arrivalRatePerSec: number;
  /** Slowly falling maximum of demand. */
  arrivalRatePerSecPeak: number;
  workers: number;
  /** Finished jobs, older ones counting less. */
  service: SketchWire | null;
  /** Both ways to know demand, smoothed, jobs per second; null while one of them is not there. */
  reportedRatePerSec: number | null;
  flowRatePerSec: number | null;
  streaks: Streaks;
  /*
   * What follows came later, and is absent in what earlier versions stored.
   */
  /** `knownSinceMs` of the window that this was settled for. */
  knownSinceMs?: number;
  /** The window in which it was found that everything before had been lost. */
  lostInWindow?: number;
  /** The last workers said goodbye: that nobody reports means that nobody is there. */
  haveAllLeft?: boolean;
  /** Failed jobs that wait for another try where neither the queue nor a worker shows them. */
  retriesOutJobs?: number;
  /** Slot time and attempts without a measured service time, older ones counting less. */
  unmeasured?: { workSec: number; attempts: number };
}

/** Windows in a row in which something was odd. */
interface Streaks {
  disagreement: number;
  surge: number;
  hiddenBacklog: number;
  hiddenWork: number;
  frozenDepth: number;
  retriesOut?: number;
  absurd?: number;
}

/** What one window of one pool came to; settled once, and the same for all replicas. */
export interface Observation {
  /** Its end, in window lengths since the epoch. */
  window: number;
  snapshot: Snapshot;
  memory: PoolMemory;
}

export interface WindowInput {
  pool: Pool;
  window: number;
  closed: ClosedWindow;
  depth: DepthOutcome;
  /** The newest rollout of this pool, if any. */
  rollout: Rollout | undefined;
  /** `knownSinceMs` as this process last saw it, for when the store has lost its own memory of it. */
  rememberedSinceMs?: number | undefined;
}

export type ObserveSettings = Pick<
  CollectorConfig,
  'intervalSec' | 'workerTimeoutSec' | 'serviceHalfLifeSec' | 'changeFactorMax' | 'disagreementMax'
>;

export type Suspect = Snapshot['quality']['suspects'][number];
export type Note = NonNullable<Snapshot['quality']['notes']>[number];

export function emptyMemory(): PoolMemory {
  return {
    level: null,
    backlog: 0,
    debtJobs: 0,
    arrivalRatePerSec: 0,
    arrivalRatePerSecPeak: 0,
    workers: 0,
    service: null,
    reportedRatePerSec: null,
    flowRatePerSec: null,
    streaks: { disagreement: 0, surge: 0, hiddenBacklog: 0, hiddenWork: 0, frozenDepth: 0 },
  };
}

/** The window that a moment belongs to, named by its end: window n covers (n - 1, n] lengths since the epoch. */
export function windowOf(timeMs: number, intervalSec: number): number {
  return Math.ceil(timeMs / (intervalSec * 1000));
}

export function windowEndMs(window: number, intervalSec: number): number {
  return Math.round(window * intervalSec * 1000);
}
