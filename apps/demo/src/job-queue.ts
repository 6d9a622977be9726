/** What a job carries: how long it takes, and when it was put in. Virtual time. */
export interface DemoJob {
  number: number;
  serviceSec: number;
  enqueuedMs: number;
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
  close(): Promise<void>;
}
