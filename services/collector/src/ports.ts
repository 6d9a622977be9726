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

/**
 * The windows under way, kept outside the process: a report that was put is there for whichever replica closes the
 * window, also after a crash. Each operation is atomic.
 */
export interface WindowStore {
  /**
   * Adds a report to its window, or to the oldest one still open. The same report (kind, source, sequence, `told`) is
   * added once, however often it comes. False when it had been there.
   *
   * @param window.told the window that the report tells of by its own time
   * @param window.place where to put it: the same, unless the report comes from the future
   */
  put(pool: string, report: WindowReport, window: { told: number; place: number }): Promise<boolean>;
  /** Ends all windows up to this one and hands over its content. Closing again hands over the same. */
  close(pool: string, window: number, options: { forgetWorkersBeforeMs: number }): Promise<ClosedWindow>;
  /** Settles what a window held: the first one to say it wins, and everybody gets the winner's. */
  settle(pool: string, observation: Observation): Promise<Observation>;
  /** What was settled last. */
  settled(pool: string): Promise<Observation | undefined>;
  /** The newest heartbeat of every worker not forgotten, in no order. */
  workers(pool: string): Promise<WorkerSeen[]>;
  /** Drops everything of a pool. */
  forget(pool: string): Promise<void>;
}

/** 90 days of what pools did. */
export interface HistoryStore {
  /** Adding the same moment again, or one before the newest, changes nothing. */
  append(pool: string, point: HistoryPoint): Promise<void>;
  /**
   * Points with `fromMs ≤ timestamp ≤ toMs`, oldest first: as they were measured where `everySec` is below 300, in
   * stretches of five minutes below 3,600, else in stretches of an hour.
   */
  read(pool: string, range: { fromMs: number; toMs: number; everySec: number }): Promise<HistoryPoint[]>;
}

export interface CollectorPorts {
  depths: QueueDepths;
  windows: WindowStore;
  history: HistoryStore;
}
