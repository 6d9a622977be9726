import type { Clock } from '../ports/clock.ts';

/** A clock that can also be told what to do at a time, without anybody waiting for it. */
export interface SchedulingClock extends Clock {
  /** Runs `run` at a time, or at the next step when it has passed. The returned function takes it back. */
  at(timeMs: number, run: () => void): () => void;
}
