import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { DemoJob } from './job-queue.ts';
import type { JobSource } from './job-source.ts';
import type { HolderLine, WorkerLine } from './socket-job-queue.ts';

/** Jobs from the process that holds the queue; when that goes away, `onGone` is called. */
export async function socketJobSource(port: number, onGone: () => void): Promise<JobSource> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {}); // The close that follows says the same.
  socket.on('close', onGone);
  const say = (line: WorkerLine) => socket.write(`${JSON.stringify(line)}\n`);
  const underWay = new Set<Promise<void>>();
  const unanswered = new Map<number, (ok: boolean) => void>();
  let work: ((job: DemoJob) => Promise<void>) | undefined;
  let draining = false;
  let waiting: number | undefined;
  let reports = 0;

  const run = async (job: DemoJob) => {
    try {
      await work?.(job);
      say({ say: 'done', number: job.number });
    } catch {
      say({ say: 'failed', number: job.number });
    }
    if (!draining) say({ say: 'take', slots: 1 });
  };

  createInterface({ input: socket }).on('line', (text) => {
    const line = JSON.parse(text) as HolderLine;
    if (line.say === 'stored') {
      unanswered.get(line.id)?.(line.ok);
      unanswered.delete(line.id);
    } else if (line.say === 'waiting') waiting = line.jobs;
    else if (draining) say({ say: 'failed', number: line.job.number });
    else {
      const running = run(line.job).finally(() => underWay.delete(running));
      underWay.add(running);
    }
  });

  return {
    waiting: () => waiting,
    transport: {
      send: (kind, report) =>
        new Promise((resolve, reject) => {
          const id = reports++;
          unanswered.set(id, (ok) => (ok ? resolve() : reject(new Error('the report was not stored'))));
          say({ say: 'report', id, kind, report });
        }),
      close: async () => {},
    },
    start: async (slots, handler) => {
      work = handler;
      say({ say: 'take', slots });
    },
    drain: async () => {
      draining = true;
      await Promise.all(underWay);
    },
    close: async () => {
      socket.end();
    },
  };
}
