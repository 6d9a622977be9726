import { connect } from 'node:net';
import type { DemoJob, FinishedJob } from './job-queue.ts';
import type { JobSource } from './job-source.ts';
import { jsonLines } from './json-lines.ts';
import type { HolderLine, WorkerLine } from './socket-job-queue.ts';

/**
 * Jobs from the process that holds the queue. When that goes away, reports that wait for their answer fail and `onGone` is
 * called, once.
 *
 * @throws when the queue cannot be reached
 */
export async function socketJobSource(port: number, onGone: () => void): Promise<JobSource> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const underWay = new Set<Promise<void>>();
  const unanswered = new Map<number, (ok: boolean) => void>();
  let work: ((job: DemoJob) => Promise<FinishedJob>) | undefined;
  let draining = false;
  let isGone = false;
  let waiting: number | undefined;
  let reports = 0;

  const holder = jsonLines<HolderLine, WorkerLine>(socket, {
    onLine: (line) => {
      if (line.say === 'stored') {
        unanswered.get(line.id)?.(line.ok);
        unanswered.delete(line.id);
      } else if (line.say === 'waiting') waiting = line.jobs;
      else if (draining) holder.say({ say: 'failed', number: line.job.number });
      else {
        const running = run(line.job).finally(() => underWay.delete(running));
        underWay.add(running);
      }
    },
    onGone: () => {
      isGone = true;
      for (const answer of unanswered.values()) answer(false);
      unanswered.clear();
      onGone();
    },
  });

  const run = async (job: DemoJob) => {
    try {
      if (!work) throw new Error('no job was asked for');
      holder.say({ say: 'done', ...(await work(job)) });
    } catch {
      holder.say({ say: 'failed', number: job.number });
    }
    if (!draining) holder.say({ say: 'take', slots: 1 });
  };

  return {
    waiting: () => waiting,
    transport: {
      send: (kind, report) =>
        new Promise((resolve, reject) => {
          if (isGone) return reject(new Error('the queue is gone'));
          const id = reports++;
          unanswered.set(id, (ok) => (ok ? resolve() : reject(new Error('the report was not stored'))));
          holder.say({ say: 'report', id, kind, report });
        }),
      close: async () => {},
    },
    start: async (slots, handler) => {
      work = handler;
      holder.say({ say: 'take', slots });
    },
    drain: async () => {
      draining = true;
      await Promise.all(underWay);
    },
    close: () => holder.end(),
  };
}
