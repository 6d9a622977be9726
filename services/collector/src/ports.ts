import type { HistoryPoint, Pool } from '@capplan/contracts';
import type { ClosedWindow, Observation, WindowReport, WorkerSeen } from './observe/observation.ts';

/** What a queue was seen to hold. */
export interface DepthReading {
  /** Jobs waiting, not running, not delayed. */
  jobs: number;
  /** When the source itself says that this was so, ms since the epoch; later than asked when it does not say. */
  asOfMs: number;
}

/** Reads how many jobs wait. Throws a `CapacityError` when the source cannot be reached. */
export interface QueueDepths {
  read(queue: Pool['queue']): Promise<DepthReading>;
}

/** Where a report belongs. */
export interface Placement {
  /** Window of the report's own time, by its sender's clock: a part of its identity. */
  ownWindow: number;
  /** Window in which it happened, by our clock. */
  window: number;
  /** ms since the epoch. */
  receivedAtMs: number;
  /** How far the sender's clock is ahead of ours, ms. */
  clockAheadMs: number;
}

/**
 * The windows under way, kept outside the process: a report that was put is there for whichever replica closes the
 * window, also after a crash. Each operation is atomic.
 */
export interface WindowStore {
  /**
   * Adds a report to its window, or to the oldest one still open. The same report (kind, source, sequence,
   * `ownWindow`) is added once, however often it comes within ten minutes, and once to one window for as long as that
   * is not settled. False when it had been there.
   */
  put(pool: string, report: WindowReport, placement: Placement): Promise<boolean>;
  /**
   * Ends all windows up to this one and hands over its content. Until the window is settled, closing again hands over
   * the same.
   */
  close(pool: string, window: number, options: { forgetWorkersBeforeMs: number; nowMs: number }): Promise<ClosedWindow>;
  /**
   * Settles what a window held: the first one to say it wins, and everybody gets the winner's. The window's reports have
   * served their purpose then, and go.
   */
  settle(pool: string, observation: Observation): Promise<Observation>;
  /** What was settled last. */
  settled(pool: string): Promise<Observation | undefined>;
  /** The newest heartbeat of every worker not forgotten, in no order. */
  workers(pool: string): Promise<WorkerSeen[]>;
  /** Drops everything of a pool. */
  forget(pool: string): Promise<void>;
}

/** What became of the points of one import. */
export interface ImportOutcome {
  /** Points that were not there before, or otherwise. */
  stored: number;
  unchanged: number;
  /** Points left out because the pool was measured live at their time. */
  measured: number;
}

/** 90 days of what pools did, measured here or put in. */
export interface HistoryStore {
  /** Adding the same moment again, or one before the newest, changes nothing. */
  append(pool: string, point: HistoryPoint): Promise<void>;
  /**
   * Points with `fromMs ≤ timestamp ≤ toMs`, oldest first: as they were measured where `everySec` is below 300, in
   * stretches of five minutes below 3,600, else in stretches of an hour.
   */
  read(pool: string, range: { fromMs: number; toMs: number; everySec: number }): Promise<HistoryPoint[]>;
  /**
   * Puts in what was measured elsewhere. What was measured live stays as it is; of two imports of the same time the later
   * one holds. The same points again change nothing, so that an import which was broken off may simply be repeated.
   *
   * @param points ascending in time, none overlapping another, each no longer than an hour
   * @param options.importId keeps in mind how far the import of this name has come
   */
  import(
    pool: string,
    points: readonly HistoryPoint[],
    options: { nowMs: number; importId?: string; untilMs?: number },
  ): Promise<ImportOutcome>;
  /** Up to which moment an import has come, ms since the epoch; undefined when nothing is known of it. */
  importedUntilMs(pool: string, importId: string): Promise<number | undefined>;
}

export interface CollectorPorts {
  depths: QueueDepths;
  windows: WindowStore;
  history: HistoryStore;
}
