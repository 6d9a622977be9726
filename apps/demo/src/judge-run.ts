import { scoreRun } from '@capplan/replay';
import type { DemoPool } from './demo-pool.ts';

/** The jobs that were put in within one minute. */
export interface JudgedMinute {
  arrivals: number;
  /** Those of them that met the target, whenever they finished; the others are late, finished or not. */
  withinTarget: number;
}

export interface RunVerdict {
  /** Share of jobs that met the target; null when there were none. */
  attainment: number | null;
  minutes: number;
  /** Minutes of which fewer than 95 % of the jobs met the target; a minute without jobs is kept. */
  minutesMissed: number;
  jobs: number;
  jobsLate: number;
  workerHours: number;
  /** Paid time of workers and missed minutes, in the policy's currency. */
  cost: number;
}

/**
 * What is a run worth? The same question is asked of the demo's run and of the reactive rule's, with the same answer for
 * the same jobs: it is the one by which the benchmarks are scored.
 *
 * @param run.workerSec paid time of workers over the run, seconds
 */
export function judgeRun(
  run: { minutes: readonly JudgedMinute[]; workerSec: number },
  { pool, policy }: Pick<DemoPool, 'pool' | 'policy'>,
): RunVerdict {
  const jobs = run.minutes.reduce((sum, { arrivals }) => sum + arrivals, 0);
  const withinTarget = run.minutes.reduce((sum, minute) => sum + minute.withinTarget, 0);
  const score = scoreRun(
    {
      name: pool.id,
      initialWorkers: pool.initial_workers ?? 1,
      minutes: run.minutes.map(({ arrivals, withinTarget: arrivedWithinTarget }) => ({
        arrivals,
        arrivedWithinTarget,
        completions: 0,
        responseSecP95: Number.NaN,
        waiting: 0,
        workersPaid: 0,
        workersReady: 0,
      })),
      changes: [],
      workerSec: run.workerSec,
      jobs,
      withinTarget,
      waitingMax: 0,
    },
    {
      workerCostPerHour: pool.worker_cost_per_hour,
      violationCostPerMinute: policy.cost.violation_cost_per_minute ?? 0,
    },
  );
  return {
    attainment: jobs > 0 ? score.jobsWithin : null,
    minutes: score.windows,
    minutesMissed: score.windowsMissed,
    jobs,
    jobsLate: jobs - withinTarget,
    workerHours: score.workerHours,
    cost: score.totalCost,
  };
}
