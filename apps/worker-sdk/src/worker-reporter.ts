import { type IngestData, type JobReport, timestamp } from '@capplan/contracts';
import type { RandomStream } from '@capplan/random';
import type { Clock, Ticker } from '@capplan/runtime';
import { createJobAggregate, type FinishedJob } from './job-aggregate.ts';
import type { Report, WorkerTransport } from './transport.ts';

export interface WorkerReporterOptions {
  transport: WorkerTransport;
  /** Pool id, `<namespace>/<name>`. */
  pool: string;
  /** Unique among the workers of the pool that run at the same time. */
  worker: string;
  /** Jobs that this worker runs at once. */
  concurrency: number;
  clock: Clock;
  /** Spreads the first report of many workers that start together. */
  random: RandomStream;
  /** Time between two reports. Default 5,000 ms. */
  intervalMs?: number;
  /** Jobs waiting, where the worker can see them cheaply. */
  backlog?: () => number | undefined;
  /** Hears why a report could not be sent; it is sent again by itself. */
  onError?: (error: unknown) => void;
}

export interface WorkerReporter {
  /** Says that the worker is there, and goes on saying so. */
  start(): Promise<void>;
  jobStarted(): void;
  jobFinished(job: FinishedJob): void;
  /** Takes no new job any more, and finishes those it has. */
  drain(): void;
  /** Reports at once, what is new and what was not yet acknowledged. False when something is still owed. */
  flush(): Promise<boolean>;
  /** Reports the rest, says `leaving`, closes the transport. Tries no longer than `waitMs` (default 2,000). */
  stop(options?: { waitMs?: number }): Promise<void>;
  readonly busy: number;
}

/**
 * How does a worker tell the planner what it does, without telling it what its jobs contain?
 *
 * Every interval it sends a heartbeat and, when jobs ended, counts with sketches of their wait, service and response
 * times. A report that was not acknowledged is sent again unchanged, under the same id, so that it counts once; what
 * happens meanwhile is merged into one next report, so that an outage of any length costs the memory of two reports.
 *
 * A sequence starts at the worker's start time in ms and grows by one with a report: two lives of a worker of the same
 * name do not share a number, as long as reports come less often than every millisecond.
 *
 * @example
 * const reporter = createWorkerReporter({ transport, pool: 'shop/mail', worker: 'w-1', concurrency: 4, clock, random });
 * await reporter.start();
 * reporter.jobStarted();
 * reporter.jobFinished({ waitSec: 0.1, serviceSec: 2.3, ok: true });
 * await reporter.stop();
 */
export function createWorkerReporter(options: WorkerReporterOptions): WorkerReporter {
  const { transport, pool, worker, concurrency, clock } = options;
  const intervalMs = options.intervalMs ?? 5000;
  if (!(intervalMs >= 100)) throw new RangeError(`intervalMs must be 100 or more, got ${intervalMs}`);
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number of 1 or more, got ${concurrency}`);
  }
  const jobs = createJobAggregate(clock.nowMs());
  let sequence = clock.nowMs();
  let busy = 0;
  let draining = false;
  let leaving = false;
  let stopped = false;
  let owed: Report<'job'> | undefined;
  let ticker: Ticker | undefined;
  const opening = new AbortController();
  let underWay: Promise<boolean> | undefined;

  const heartbeat = (): Report<'heartbeat'> => {
    const backlog = options.backlog?.();
    const number = sequence++;
    const data: IngestData<'heartbeat'> = {
      pool,
      worker,
      sequence: number,
      time: timestamp(clock.nowMs()),
      concurrency,
      busy: Math.min(busy, concurrency),
      draining,
      leaving,
      ...(backlog !== undefined && backlog >= 0 && { backlog }),
    };
    return { key: pool, cause: `${worker}:${number}`, data };
  };

  const nextJobs = (): Report<'job'> | undefined => {
    const part = jobs.take(clock.nowMs());
    if (part === undefined) return undefined;
    const { fromMs, toMs, ...counts } = part;
    const number = sequence++;
    const data: JobReport = {
      pool,
      worker,
      sequence: number,
      from: timestamp(fromMs),
      to: timestamp(toMs),
      ...counts,
    };
    return { key: pool, cause: `${worker}:${number}`, data };
  };

  const isSent = async (sending: Promise<void>): Promise<boolean> => {
    try {
      await sending;
      return true;
    } catch (error) {
      options.onError?.(error);
      return false;
    }
  };

  const sendJobs = async (): Promise<boolean> => {
    if (owed !== undefined && !(await isSent(transport.send('job', owed)))) return false;
    owed = nextJobs();
    if (owed !== undefined && !(await isSent(transport.send('job', owed)))) return false;
    owed = undefined;
    return jobs.held === 0;
  };

  const sendAll = async (): Promise<boolean> => {
    // A heartbeat is worth nothing once the next one is there, so it is never repeated.
    const isSeen = await isSent(transport.send('heartbeat', heartbeat()));
    return (await sendJobs()) && isSeen;
  };

  const flush = (): Promise<boolean> => {
    underWay ??= sendAll().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };

  return {
    start: async () => {
      await flush();
      await clock.sleep(options.random.next() * intervalMs, opening.signal);
      if (!stopped) ticker = clock.every(intervalMs, async () => void (await flush()), options.onError ?? (() => {}));
    },
    jobStarted: () => {
      busy += 1;
    },
    jobFinished: (job) => {
      if (busy > 0) busy -= 1;
      jobs.add(job);
    },
    drain: () => {
      draining = true;
    },
    flush,
    stop: async ({ waitMs = 2000 } = {}) => {
      if (stopped) return;
      stopped = true;
      opening.abort();
      const giveUp = new AbortController();
      const lastWords = async (): Promise<void> => {
        await ticker?.stop();
        await underWay;
        draining = true;
        leaving = true;
        while (!(await flush()) && !giveUp.signal.aborted) await clock.sleep(250, giveUp.signal);
      };
      await Promise.race([lastWords(), clock.sleep(waitMs, giveUp.signal)]);
      giveUp.abort();
      await transport.close();
    },
    get busy() {
      return busy;
    },
  };
}
