/** One question for the engine, checked. */
export type SimulationTask = { kind: 'simulate'; scenario: unknown } | { kind: 'compare'; scenarios: unknown[] };

/** A stretch of the first replication's timeline that has just been simulated. */
export interface PartialTimeline {
  /** Of all the work, 0 to 1. */
  fraction: number;
  /** Seconds into the scenario. */
  atSec: number;
  /** First pool, one row for each interval that ended. */
  points: { at_s: number; arrivals: number; workers: number; waiting: number; busy_slots: number }[];
}

export interface TaskCall {
  /** Aborted when the caller has gone or its deadline has passed. */
  signal: AbortSignal;
  onProgress?: (progress: PartialTimeline) => void;
}

/**
 * Where the engine runs. `run` throws `busy` when the queue is full, `cancelled` when the signal was aborted, and the
 * retryable `unavailable` when the thread died under it.
 */
export interface Engines {
  run(task: SimulationTask, call: TaskCall): Promise<unknown>;
  /** Tasks running and waiting. */
  load(): { running: number; waiting: number };
  close(): Promise<void>;
}
