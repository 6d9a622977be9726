/** What a job carries: how long it takes, and when it was put in. Virtual time. */
export interface DemoJob {
  number: number;
  serviceSec: number;
  enqueuedMs: number;
}

/** When a job was worked on, virtual ms since the epoch. */
export interface FinishedJob {
  number: number;
  startedMs: number;
  finishedMs: number;
}

/** The queue that the demo fills and its workers empty. */
export interface JobQueue {
  add(jobs: DemoJob[]): Promise<void>;
  /** Jobs that have neither been done nor lost: waiting, running or set aside for another try. */
  open(): Promise<number>;
  /** Different jobs that have been put in. */
  submitted(): Promise<number>;
  /** Different jobs that have been done. */
  completed(): Promise<number>;
  /** Jobs that finished since the last call, oldest first; one may come twice. The first call begins with what is kept. */
  finished(): Promise<FinishedJob[]>;
  close(): Promise<void>;
}
