/** Which mathematics answered; part of every explanation. */
export type QueueModel = 'M/M/c' | 'M/D/c' | 'M/G/c' | 'GI/G/c';

/** The steady state of a queue: one first-come-first-served line in front of equal servers, no limit on its length. */
export interface QueueSolution {
  readonly model: QueueModel;
  readonly servers: number;
  readonly offeredLoadErlangs: number;
  /** Offered load / servers, in [0, 1). */
  readonly utilization: number;
  /** Share of jobs that find every server busy. */
  readonly waitProbability: number;
  /** Mean number of jobs waiting (Lq). */
  readonly queueLengthMean: number;
  /** Mean number of jobs waiting or in service (L). */
  readonly jobsMean: number;
  /** Mean wait before service over all jobs (Wq). */
  readonly waitSecMean: number;
  /** Mean wait + service (W). */
  readonly responseSecMean: number;
  /** Probability that a job waits longer than this many seconds. */
  waitExceedance(sec: number): number;
  /** Probability that wait + service take longer than this many seconds. */
  responseExceedance(sec: number): number;
  /** The wait that a share p of jobs does not exceed, p in [0, 1); 0 while p ≤ 1 - waitProbability. */
  waitSecQuantile(p: number): number;
  /** The response that a share p of jobs does not exceed, p in [0, 1). */
  responseSecQuantile(p: number): number;
}

/** An unstable queue is an answer, not a fault: its line grows without end, and no steady state exists. */
export type QueueResult =
  | { readonly ok: true; readonly queue: QueueSolution }
  | { readonly ok: false; readonly reason: 'unstable_queue'; readonly detail: string };

/** Refuses load at or above capacity, in words. */
export function unstableQueue(offeredLoadErlangs: number, servers: number): QueueResult {
  return {
    ok: false,
    reason: 'unstable_queue',
    detail: `an offered load of ${offeredLoadErlangs} erlangs needs more than ${offeredLoadErlangs} servers; there are ${servers}`,
  };
}
