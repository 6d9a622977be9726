import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { IngestKind } from '@capplan/contracts';
import type { Report } from '@capplan/worker-sdk';
import type { DemoJob, JobQueue } from './job-queue.ts';

/** What a worker says to the process that holds the queue, one JSON object a line. */
export type WorkerLine =
  | { say: 'take'; slots: number }
  | { say: 'done'; number: number }
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

/**
 * The demo's queue where there is no Redis: kept in this process, served to worker processes over a loopback socket.
 * A job whose worker goes away before it is done is given out again.
 */
export async function openSocketJobQueue(
  store: (kind: IngestKind, report: Report) => Promise<void>,
): Promise<SocketJobQueue> {
  const waiting: DemoJob[] = [];
  const held = new Map<Socket, Map<number, DemoJob>>();
  const wanted = new Map<Socket, number>();
  const done = new Set<number>();
  let submitted = 0;
  let running = 0;

  const say = (socket: Socket, line: HolderLine) => socket.write(`${JSON.stringify(line)}\n`);

  const hand = () => {
    for (const [socket, slots] of wanted) {
      let free = slots;
      while (free > 0 && waiting.length > 0) {
        const job = waiting.shift() as DemoJob;
        held.get(socket)?.set(job.number, job);
        running++;
        free--;
        say(socket, { say: 'job', job });
      }
      wanted.set(socket, free);
      if (waiting.length === 0) return;
    }
  };

  const release = (socket: Socket, number: number): DemoJob | undefined => {
    const jobs = held.get(socket);
    const job = jobs?.get(number);
    if (job && jobs?.delete(number)) running--;
    return job;
  };

  const hear = (socket: Socket, line: WorkerLine) => {
    if (line.say === 'take') wanted.set(socket, (wanted.get(socket) ?? 0) + line.slots);
    else if (line.say === 'done' && release(socket, line.number)) done.add(line.number);
    else if (line.say === 'failed') {
      const job = release(socket, line.number);
      if (job) waiting.unshift(job);
    } else if (line.say === 'report') {
      const { id } = line;
      store(line.kind, line.report).then(
        () => say(socket, { say: 'stored', id, ok: true }),
        () => say(socket, { say: 'stored', id, ok: false }),
      );
    }
    hand();
  };

  const server = createServer((socket) => {
    held.set(socket, new Map());
    socket.on('error', () => {}); // The close that follows gives its jobs back.
    socket.on('close', () => {
      const orphans = [...(held.get(socket)?.values() ?? [])];
      held.delete(socket);
      wanted.delete(socket);
      running -= orphans.length;
      waiting.unshift(...orphans);
      hand();
    });
    createInterface({ input: socket }).on('line', (text) => hear(socket, JSON.parse(text) as WorkerLine));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    waiting: () => waiting.length,
    add: async (jobs) => {
      waiting.push(...jobs);
      submitted += jobs.length;
      hand();
      for (const socket of held.keys()) say(socket, { say: 'waiting', jobs: waiting.length });
    },
    submitted: async () => submitted,
    open: async () => waiting.length + running,
    completed: async () => done.size,
    close: async () => {
      for (const socket of held.keys()) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
