import type { OpenContext } from '@capplan/runtime';
import type { Servers } from '@capplan/stack';
import { bullmqJobQueue } from './bullmq-job-queue.ts';
import { type DemoPool, demoQueue } from './demo-pool.ts';
import type { JobQueue } from './job-queue.ts';
import { openSocketJobQueue } from './socket-job-queue.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** Where the demo's jobs wait, and how its workers get at them. */
export interface QueuePlace {
  queue: JobQueue;
  forWorkers: WorkerSettings['servers'];
  /** The pool as this place needs it. */
  adapt(demo: DemoPool): DemoPool;
  /** Where reports go that workers send through the queue. */
  reportTo(context: OpenContext): void;
}

/** BullMQ on Redis; without Redis, a queue in this process that workers reach over a socket. */
export async function openQueue(servers: Servers): Promise<QueuePlace> {
  if (servers.kind === 'servers') {
    const { redisUrl, natsUrl, nats = {} } = servers;
    return {
      queue: bullmqJobQueue({ redisUrl, queue: demoQueue }),
      forWorkers: { kind: 'redis', redisUrl, natsUrl, nats },
      adapt: (demo) => demo,
      reportTo: () => {},
    };
  }
  let context: OpenContext | undefined;
  const queue = await openSocketJobQueue(async (kind, report) => {
    if (!context) throw new Error('the services have not started yet');
    await context.bus.ingest(kind, report as never);
  });
  return {
    queue,
    forWorkers: { kind: 'socket', port: queue.port },
    // Nobody but the workers can say how many jobs wait.
    adapt: (demo) => ({ ...demo, pool: { ...demo.pool, queue: { kind: 'reported', name: demoQueue } } }),
    reportTo: (started) => {
      context = started;
    },
  };
}
