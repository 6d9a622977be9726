import type { RandomStream } from '@capplan/random';
import type { Bus, SchedulingClock } from '@capplan/runtime';
import { createBusTransport, createWorkerReporter, type WorkerReporter } from '@capplan/worker-sdk';

export interface SimulatedPoolOptions {
  pool: string;
  bus: Bus;
  clock: SchedulingClock;
  random: RandomStream;
  /** Slots of one worker. */
  concurrency: number;
  /** Mean of the exponential service time, seconds. */
  serviceMeanSec: number;
  reportEveryMs: number;
  /** Share of jobs that fail for good. */
  failureShare: number;
}

interface Worker {
  /** A dead one says nothing any more, whatever its reporter tries. */
  isDead: boolean;
  reporter: WorkerReporter;
  /** When each slot is free again, and the job that it runs till then. */
  slots: { freeAtMs: number; job: { waitSec: number; serviceSec: number } | undefined }[];
}

/** A queue and its workers, job by job; workers report themselves as real ones do. */
export interface SimulatedPool {
  /** Lives from the last call until now, with so many jobs offered per second. */
  live(ratePerSec: number): void;
  /** As many workers as the actuator has made ready; those too many finish what they have and leave. */
  hold(workers: number): void;
  /** One worker dies without a word, and another takes its place. */
  loseWorker(): void;
  readonly waiting: number;
  readonly arrived: number;
  readonly finished: number;
}

export function createSimulatedPool(options: SimulatedPoolOptions): SimulatedPool {
  const { pool, bus, clock, random, concurrency, serviceMeanSec, failureShare } = options;
  const transport = createBusTransport(bus);
  const queue: number[] = [];
  const leaving: Worker[] = [];
  const workers: Worker[] = [];
  let head = 0;
  let livedMs = clock.nowMs();
  let nextArrivalMs = livedMs;
  let born = 0;
  let arrived = 0;
  let finished = 0;

  const begin = (): void => {
    const worker = `w-${++born}`;
    const life = { isDead: false };
    const reporter = createWorkerReporter({
      transport: {
        send: (kind, report) => (life.isDead ? Promise.resolve() : transport.send(kind, report)),
        close: async () => {},
      },
      pool,
      worker,
      concurrency,
      clock,
      random: random.fork(worker),
      intervalMs: options.reportEveryMs,
    });
    void reporter.start();
    const freeAtMs = clock.nowMs();
    const slots = Array.from({ length: concurrency }, () => ({ freeAtMs, job: undefined }));
    workers.push(Object.assign(life, { reporter, slots }));
  };

  const finishUntil = ({ reporter, slots }: Worker, untilMs: number): void => {
    for (const slot of slots) {
      if (!slot.job || slot.freeAtMs > untilMs) continue;
      reporter.jobFinished({ ...slot.job, ok: random.next() >= failureShare });
      slot.job = undefined;
      finished += 1;
    }
  };

  const arriveUntil = (untilMs: number, ratePerSec: number): void => {
    if (ratePerSec <= 0) {
      nextArrivalMs = untilMs;
      return;
    }
    while (nextArrivalMs < untilMs) {
      queue.push(nextArrivalMs);
      arrived += 1;
      nextArrivalMs += random.exponential(1000 / ratePerSec);
    }
  };

  /** The slot that is free first takes the job that has waited longest. */
  const serveUntil = (untilMs: number): void => {
    while (head < queue.length) {
      let first: { worker: Worker; slot: Worker['slots'][number] } | undefined;
      for (const worker of workers) {
        for (const slot of worker.slots) {
          if (first === undefined || slot.freeAtMs < first.slot.freeAtMs) first = { worker, slot };
        }
      }
      const arrivedMs = queue[head] as number;
      if (first === undefined) return;
      const startMs = Math.max(arrivedMs, first.slot.freeAtMs);
      if (startMs >= untilMs) return;
      head += 1;
      finishUntil(first.worker, startMs);
      const serviceSec = random.exponential(serviceMeanSec);
      first.worker.reporter.jobStarted();
      first.slot.job = { waitSec: (startMs - arrivedMs) / 1000, serviceSec };
      first.slot.freeAtMs = startMs + 1000 * serviceSec;
    }
  };

  return {
    live(ratePerSec) {
      const nowMs = clock.nowMs();
      arriveUntil(nowMs, ratePerSec);
      serveUntil(nowMs);
      for (const worker of [...workers, ...leaving]) finishUntil(worker, nowMs);
      for (const worker of leaving.filter(({ slots }) => slots.every(({ job }) => job === undefined))) {
        leaving.splice(leaving.indexOf(worker), 1);
        void worker.reporter.stop({ waitMs: 30_000 });
      }
      queue.splice(0, head);
      head = 0;
      livedMs = nowMs;
    },
    hold(count) {
      while (workers.length < count) begin();
      while (workers.length > count) {
        const worker = workers.pop() as Worker;
        worker.reporter.drain();
        leaving.push(worker);
      }
    },
    loseWorker() {
      const worker = workers.shift();
      if (!worker) return;
      // What it had goes back to the front of the queue.
      const lost = worker.slots.filter(({ job }) => job !== undefined).map(() => livedMs);
      queue.splice(head, 0, ...lost);
      worker.isDead = true;
      void worker.reporter.stop({ waitMs: 0 });
      begin();
    },
    get waiting() {
      return queue.length - head;
    },
    get arrived() {
      return arrived;
    },
    get finished() {
      return finished;
    },
  };
}
