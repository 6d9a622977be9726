import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { DemoJob, JobQueue } from './job-queue.ts';

/** Bit n is set when job n has been done: doing it twice counts once. */
export const doneBitmapKey = 'capplan-demo:done';
/** Bit n is set when job n has been put in. */
const submittedBitmapKey = 'capplan-demo:submitted';

export function bullmqJobQueue({ redisUrl, queue: name }: { redisUrl: string; queue: string }): JobQueue {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  connection.on('error', () => {}); // It reconnects by itself; a call that fails says so.
  // Of its check it would only say that Redis may evict: what carries a time to live may go, and jobs carry none.
  const queue = new Queue<DemoJob>(name, { connection, skipVersionCheck: true });
  queue.on('error', () => {});
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
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
