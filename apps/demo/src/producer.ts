import type { Clock } from '@capplan/runtime';
import type { ArrivalReporter } from '@capplan/worker-sdk';
import type { Arrival } from './arrivals.ts';
import type { DemoJob, JobQueue } from './job-queue.ts';

export interface Producer {
  /** Puts no further job in; resolves when those on their way are in. */
  stop(): Promise<void>;
  /** Jobs in the queue or done for certain. */
  submitted(): number;
  /** Jobs whose time has come and that are not yet in the queue. */
  owed(): number;
  /** Until when every job that has come is in the queue or owed. */
  coveredMs(): number;
}

/** Real time between two looks at what is due; bursts within it go in together. */
const periodMs = 20;

/**
 * Puts jobs into the queue when their time has come. While the queue cannot be reached they wait here, and go in
 * afterwards under the same number.
 */
export function startProducer(options: {
  arrivals: Iterator<Arrival>;
  queue: JobQueue;
  /** The time of the trace. */
  clock: Clock;
  realClock: Clock;
  /** Told of every job put in. */
  reporter: ArrivalReporter;
  onError: (error: unknown) => void;
}): Producer {
  const { arrivals, queue, clock, realClock, reporter, onError } = options;
  let next = arrivals.next();
  let submitted = 0;
  let owed: DemoJob[] = [];
  let coveredMs = clock.nowMs();

  const ticker = realClock.every(
    periodMs,
    async () => {
      const nowMs = clock.nowMs();
      while (!next.done && next.value.atMs <= nowMs) {
        owed.push({ number: next.value.number, serviceSec: next.value.serviceSec, enqueuedMs: next.value.atMs });
        next = arrivals.next();
      }
      coveredMs = nowMs;
      while (owed.length > 0) {
        const batch = owed.slice(0, 500);
        await queue.add(batch);
        owed = owed.slice(batch.length);
        submitted += batch.length;
        reporter.arrived(batch.length);
      }
    },
    onError,
  );
  reporter.start();
  const stop = async (): Promise<void> => {
    await ticker.stop();
    await reporter.stop();
  };
  return { stop, submitted: () => submitted, owed: () => owed.length, coveredMs: () => coveredMs };
}
