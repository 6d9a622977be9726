import type { WorkerTransport } from '@capplan/worker-sdk';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { doneBitmapKey, finishedKept, finishedStreamKey } from './bullmq-job-queue.ts';
import type { DemoJob } from './job-queue.ts';
import type { JobSource } from './job-source.ts';

/** Jobs from a BullMQ queue. A job that a killed worker held is given out again after five real seconds. */
export function bullmqJobSource(options: { redisUrl: string; queue: string; transport: WorkerTransport }): JobSource {
  const connection = new Redis(options.redisUrl, { maxRetriesPerRequest: null });
  const bits = new Redis(options.redisUrl, { maxRetriesPerRequest: null });
  for (const client of [connection, bits]) client.on('error', () => {}); // They reconnect by themselves.
  let worker: Worker<DemoJob> | undefined;
  return {
    transport: options.transport,
    waiting: () => undefined,
    start: async (slots, work) => {
      worker = new Worker<DemoJob>(
        options.queue,
        async ({ data }) => {
          const { number, startedMs, finishedMs } = await work(data);
          const times = ['number', number, 'started_ms', startedMs, 'finished_ms', finishedMs];
          await bits
            .multi()
            .setbit(doneBitmapKey, number, 1)
            .xadd(finishedStreamKey, 'MAXLEN', '~', finishedKept, '*', ...times)
            .exec();
        },
        {
          connection,
          skipVersionCheck: true,
          concurrency: slots,
          lockDuration: 5000,
          stalledInterval: 2500,
          maxStalledCount: 10,
        },
      );
      worker.on('error', () => {});
      await worker.waitUntilReady();
    },
    drain: async () => {
      await worker?.close();
    },
    close: async () => {
      connection.disconnect();
      bits.disconnect();
    },
  };
}
