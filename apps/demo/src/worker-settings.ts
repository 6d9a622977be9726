import type { NatsAccess } from '@capplan/runtime';
import type { TimeScale } from './scaled-clock.ts';

/** What a worker process is told, as JSON in `CAPPLAN_DEMO_WORKER`. */
export interface WorkerSettings extends TimeScale {
  pool: string;
  queue: string;
  concurrency: number;
  /** The process that starts it; the worker ends when that is gone. */
  starterPid: number;
  /** Virtual seconds between two reports. */
  reportEverySec: number;
  servers: { kind: 'redis'; redisUrl: string; natsUrl: string; nats: NatsAccess } | { kind: 'socket'; port: number };
}
