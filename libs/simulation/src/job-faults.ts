import type { ServiceSource } from './job-queue.ts';

/** A stretch of time; ends before `endSec`. */
export interface Stretch {
  startSec: number;
  endSec: number;
}

/** What can go wrong with jobs and workers; everything left out does not happen. */
export interface JobFaults {
  /** Chance that an attempt fails at its end, and stretches in which it is another. */
  failure?: { probability: number; stretches?: readonly (Stretch & { probability: number })[] };
  /** What follows a failed attempt. Without it a failed job is lost. */
  retry?: RetryRule;
  /** An attempt that runs longer is cut off here and has failed. */
  executionTimeoutSec?: number;
  /** How long a job waits before it gives up, drawn for each job. */
  patience?: ServiceSource;
  /** A dependency that makes every running job `factor` times slower for a while; overlapping ones multiply. */
  slowdowns?: readonly (Stretch & { factor: number })[];
  /**
   * Workers that die, on average once in `meanTimeBetweenSec` of being ready, and start again after the start-up
   * delay, paid all the while. Their jobs return to the queue after `requeueDelaySec`, when the loss is noticed;
   * with 0 they keep their place in the line.
   */
  crashes?: { meanTimeBetweenSec: number; requeueDelaySec: number };
}

export interface RetryRule {
  /** Attempts in all, at least 1. */
  attemptsMax: number;
  /** Pause before the second attempt; each further one is `factor` times longer, up to `maxSec`. */
  backoffSec: number;
  factor: number;
  maxSec: number;
  /** Share of the pause that is random, 0 to 1: the pause is drawn from [(1 − jitter) × pause, pause]. */
  jitter: number;
}

/** The pause after a failed attempt, before jitter. */
export function backoffAfterSec(rule: RetryRule, attempt: number): number {
  return Math.min(rule.maxSec, rule.backoffSec * rule.factor ** (attempt - 1));
}

/** How fast work gets done over time: 1 normally, 1 / factor while a dependency is slow. */
export class WorkSpeed {
  readonly #fromSec: number[] = [Number.NEGATIVE_INFINITY];
  readonly #speed: number[] = [1];
  #cursor = 0;

  constructor(slowdowns: readonly (Stretch & { factor: number })[]) {
    const edges = [...new Set(slowdowns.flatMap(({ startSec, endSec }) => [startSec, endSec]))].sort((a, b) => a - b);
    for (const edge of edges) {
      let speed = 1;
      for (const { startSec, endSec, factor } of slowdowns) if (startSec <= edge && edge < endSec) speed /= factor;
      this.#fromSec.push(edge);
      this.#speed.push(speed);
    }
  }

  /** When a piece of work is done that is begun at `startSec` and takes `workSec` at normal speed. Starts must ascend. */
  finishSec(startSec: number, workSec: number): number {
    const from = this.#fromSec;
    while (this.#cursor + 1 < from.length && from[this.#cursor + 1]! <= startSec) this.#cursor++;
    let at = this.#cursor;
    let now = startSec;
    let left = workSec;
    for (; at + 1 < from.length; at++) {
      const possible = (from[at + 1]! - now) * this.#speed[at]!;
      if (left <= possible) break;
      left -= possible;
      now = from[at + 1]!;
    }
    return now + left / this.#speed[at]!;
  }
}
