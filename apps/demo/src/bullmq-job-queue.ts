import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { DemoJob, FinishedJob, JobQueue } from './job-queue.ts';

/** Bit n is set when job n has been done: doing it twice counts once. */
export const doneBitmapKey = 'capplan-demo:done';
/** One entry for every job that finished: its number and its times, virtual ms. */
export const finishedStreamKey = 'capplan-demo:finished';
/** So many of them are kept for a reader that looks every few seconds. */
export const finishedKept = 200_000;
const finishedPage = 5000;
/** Bit n is set when job n has been put in. */
const submittedBitmapKey = 'capplan-demo:submitted';

export function bullmqJobQueue({ redisUrl, queue: name }: { redisUrl: string; queue: string }): JobQueue {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  connection.on('error', () => {}); // It reconnects by itself; a call that fails says so.
  // Of its check it would only say that Redis may evict: what carries a time to live may go, and jobs carry none.
  const queue = new Queue<DemoJob>(name, { connection, skipVersionCheck: true });
  queue.on('error', () => {});
  let readUntil = '0';
  return {
    add: async (jobs) => {
      // The job id makes putting the same job in twice harmless.
      await queue.addBulk(
        jobs.map((job) => ({
          name: 'job',
          data: job,
          opts: {
            jobId: `j${job.number}`,
            attempts: 5,
            backoff: { type: 'fixed', delay: 50 },
            removeOnComplete: { count: 2000 },
            removeOnFail: { count: 1000 },
          },
        })),
      );
      const noted = connection.pipeline();
      for (const { number } of jobs) noted.setbit(submittedBitmapKey, number, 1);
      await noted.exec();
    },
    submitted: () => connection.bitcount(submittedBitmapKey),
    open: async () => {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    completed: () => connection.bitcount(doneBitmapKey),
    finished: async () => {
      const jobs: FinishedJob[] = [];
      for (;;) {
        const read = await connection.xread('COUNT', finishedPage, 'STREAMS', finishedStreamKey, readUntil);
        const entries = read?.[0]?.[1] ?? [];
        for (const [id, fields] of entries) {
          readUntil = id;
          const [number, startedMs, finishedMs] = fields.filter((_, i) => i % 2 === 1).map(Number);
          jobs.push({ number: number as number, startedMs: startedMs as number, finishedMs: finishedMs as number });
        }
        if (entries.length < finishedPage) return jobs;
      }
    },
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
