import type { WorkerTransport } from '@capplan/worker-sdk';
import type { DemoJob, FinishedJob } from './job-queue.ts';

/** Where a worker process gets its jobs from and sends its reports to. */
export interface JobSource {
  transport: WorkerTransport;
  /** Jobs waiting, where the source says so. */
  waiting(): number | undefined;
  /** Takes up to `slots` jobs at a time, for ever; a job whose `work` throws is given out again. What it returns is handed on. */
  start(slots: number, work: (job: DemoJob) => Promise<FinishedJob>): Promise<void>;
  /** Takes no further job; resolves when those under way are over. */
  drain(): Promise<void>;
  close(): Promise<void>;
}
