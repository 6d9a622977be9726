import { createServer } from 'node:net';
import type { IngestKind } from '@capplan/contracts';
import type { Report } from '@capplan/worker-sdk';
import type { DemoJob, FinishedJob, JobQueue } from './job-queue.ts';
import { type JsonLines, jsonLines } from './json-lines.ts';

/** What a worker says to the process that holds the queue, one JSON object a line. */
export type WorkerLine =
  | { say: 'take'; slots: number }
  | ({ say: 'done' } & FinishedJob)
  | { say: 'failed'; number: number }
  | { say: 'report'; id: number; kind: IngestKind; report: Report };

/** What the holder of the queue says to a worker. */
export type HolderLine =
  | { say: 'job'; job: DemoJob }
  | { say: 'stored'; id: number; ok: boolean }
  | { say: 'waiting'; jobs: number };

export interface SocketJobQueue extends JobQueue {
  /** Where workers connect: a port of the loopback address. */
  port: number;
  waiting(): number;
}

type Worker = JsonLines<HolderLine>;

/**
 * The demo's queue where there is no Redis: kept in this process, served to worker processes over a loopback socket.
 * A job whose worker goes away before it is done goes back to the front of the queue, once.
 */
export async function openSocketJobQueue(
  store: (kind: IngestKind, report: Report) => Promise<void>,
): Promise<SocketJobQueue> {
  const waiting: DemoJob[] = [];
  const held = new Map<Worker, Map<number, DemoJob>>();
  const wanted = new Map<Worker, number>();
  const done = new Set<number>();
  let finished: FinishedJob[] = [];
  let submitted = 0;
  let running = 0;

  const hand = () => {
    for (const [worker, slots] of wanted) {
      let free = slots;
      while (free > 0 && waiting.length > 0) {
        const job = waiting.shift() as DemoJob;
        held.get(worker)?.set(job.number, job);
        running++;
        free--;
        worker.say({ say: 'job', job });
      }
      wanted.set(worker, free);
      if (waiting.length === 0) return;
    }
  };

  const release = (worker: Worker, number: number): DemoJob | undefined => {
    const jobs = held.get(worker);
    const job = jobs?.get(number);
    if (job && jobs?.delete(number)) running--;
    return job;
  };

  const receive = (worker: Worker, line: WorkerLine) => {
    if (line.say === 'take') wanted.set(worker, (wanted.get(worker) ?? 0) + line.slots);
    else if (line.say === 'done') {
      const { number, startedMs, finishedMs } = line;
      if (release(worker, number)) {
        done.add(number);
        finished.push({ number, startedMs, finishedMs });
      }
    } else if (line.say === 'failed') {
      const job = release(worker, line.number);
      if (job) waiting.unshift(job);
    } else if (line.say === 'report') {
      const { id } = line;
      store(line.kind, line.report).then(
        () => worker.say({ say: 'stored', id, ok: true }),
        () => worker.say({ say: 'stored', id, ok: false }),
      );
    }
    hand();
  };

  const server = createServer((socket) => {
    const worker: Worker = jsonLines<WorkerLine, HolderLine>(socket, {
      onLine: (line) => receive(worker, line),
      onGone: () => {
        const orphans = [...(held.get(worker)?.values() ?? [])];
        held.delete(worker);
        wanted.delete(worker);
        running -= orphans.length;
        waiting.unshift(...orphans);
        hand();
      },
    });
    held.set(worker, new Map());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  // A connection that could not be taken is its worker's failure: it ends, and is started again.
  server.on('error', () => {});
  const address = server.address();

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    waiting: () => waiting.length,
    add: async (jobs) => {
      waiting.push(...jobs);
      submitted += jobs.length;
      hand();
      for (const worker of held.keys()) worker.say({ say: 'waiting', jobs: waiting.length });
    },
    submitted: async () => submitted,
    open: async () => waiting.length + running,
    completed: async () => done.size,
    finished: async () => {
      const jobs = finished;
      finished = [];
      return jobs;
    },
    close: async () => {
      for (const worker of held.keys()) worker.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
