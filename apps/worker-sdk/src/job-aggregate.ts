import type { JobReport } from '@capplan/contracts';
import { createSketch, type QuantileSketch } from '@capplan/sketch';

/** One finished attempt at a job. Times in seconds, ≥ 0. */
export interface FinishedJob {
  /** From being queued to being started. */
  waitSec: number;
  /** How long it held its slot. */
  serviceSec: number;
  ok: boolean;
  /** A failed attempt that goes back to the queue: it is work, but no new demand. */
  willRetry?: boolean;
}

/** What one report may carry of each count; the rest goes into the next one. */
const COUNT_MAX = 1_000_000;

/**
 * Which counts and distributions did this worker's jobs have since the last report?
 *
 * Bounded, however many jobs it takes in: three counters and three sketches. A time that is negative or not finite is
 * a fault of the worker's own clock: the job counts, its time does not, and `ignoredTimes` grows.
 *
 * @example
 * const jobs = createJobAggregate(nowMs);
 * jobs.add({ waitSec: 0.2, serviceSec: 1.5, ok: true });
 * const part = jobs.take(nowMs + 5000); // counts, sketches, from and to; the aggregate starts anew
 */
export interface JobAggregate {
  add(job: FinishedJob): void;
  /** Hands over what came together until `nowMs`, and starts anew; undefined when no job ended. */
  take(nowMs: number): JobPart | undefined;
  readonly ignoredTimes: number;
  /** Jobs taken in and not yet handed over. */
  readonly held: number;
}

export type JobPart = Pick<JobReport, 'completed' | 'failed' | 'service_time' | 'wait_time' | 'response_time'> & {
  retried: number;
  fromMs: number;
  toMs: number;
};

export function createJobAggregate(startMs: number): JobAggregate {
  let fromMs = startMs;
  let completed = 0;
  let failed = 0;
  let retried = 0;
  let ignoredTimes = 0;
  let service = createSketch();
  let wait = createSketch();
  let response = createSketch();

  const addTime = (sketch: QuantileSketch, sec: number): void => {
    if (sec >= 0 && sec < Number.POSITIVE_INFINITY) sketch.add(sec);
    else ignoredTimes += 1;
  };

  return {
    add: (job) => {
      if (job.ok) completed += 1;
      else {
        failed += 1;
        if (job.willRetry === true) retried += 1;
      }
      // A failed attempt held its slot too; its response time is nobody's, because nobody got an answer.
      addTime(service, job.serviceSec);
      addTime(wait, job.waitSec);
      if (job.ok) addTime(response, job.waitSec + job.serviceSec);
    },
    take: (nowMs) => {
      if (completed === 0 && failed === 0) {
        fromMs = nowMs;
        return undefined;
      }
      const part: JobPart = {
        fromMs,
        toMs: Math.max(nowMs, fromMs),
        completed: Math.min(completed, COUNT_MAX),
        failed: Math.min(failed, COUNT_MAX),
        retried: Math.min(retried, COUNT_MAX),
        ...(service.count > 0 && { service_time: copyOf(service) }),
        ...(wait.count > 0 && { wait_time: copyOf(wait) }),
        ...(response.count > 0 && { response_time: copyOf(response) }),
      };
      completed -= part.completed;
      failed -= part.failed;
      retried -= part.retried;
      service = createSketch();
      wait = createSketch();
      response = createSketch();
      fromMs = part.toMs;
      return part;
    },
    get ignoredTimes() {
      return ignoredTimes;
    },
    get held() {
      return completed + failed;
    },
  };
}

function copyOf(sketch: QuantileSketch): NonNullable<JobReport['service_time']> {
  const wire = sketch.toWire();
  return { ...wire, counts: [...wire.counts] };
}
