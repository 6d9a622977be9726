import { brokenIntervals } from './breaches.ts';
import type { PoolRun } from './pool-run.ts';
import { runQuantilesSec } from './pool-run.ts';
import type { PoolScenario } from './scenario.ts';

/** Which way is better; `neutral` figures are shown and not judged. */
export const metricDirections = {
  /** Share of the judged jobs that met the latency target. */
  sloAttainmentJobs: 'higher',
  /** Share of the time in which the objective held. */
  sloAttainmentTime: 'higher',
  responseSecMean: 'lower',
  responseSecP50: 'lower',
  responseSecP95: 'lower',
  responseSecP99: 'lower',
  waitSecMean: 'lower',
  waitSecP95: 'lower',
  waitSecP99: 'lower',
  waitProbability: 'lower',
  backlogMax: 'lower',
  utilization: 'neutral',
  workersMax: 'neutral',
  workerHours: 'lower',
  costWorkers: 'lower',
  costViolations: 'lower',
  costTotal: 'lower',
  jobsArrived: 'neutral',
  jobsCompleted: 'higher',
  jobsMissed: 'lower',
  jobsAbandoned: 'lower',
  jobsDropped: 'lower',
  attemptsFailed: 'lower',
  attemptsKilled: 'lower',
} as const;

export type MetricName = keyof typeof metricDirections;
export type Metrics = Record<MetricName, number>;

export const metricNames = Object.keys(metricDirections) as MetricName[];

/** One replication of one pool in figures, after the warm-up; NaN where a figure does not exist. */
export function metricsOfRun(
  run: PoolRun,
  pool: PoolScenario,
): { metrics: Metrics; broken: boolean[]; costs: number[] } {
  const { measured } = run;
  const { completions } = measured;
  const [responseSecP50, responseSecP95, responseSecP99] = runQuantilesSec(measured, 'response', [0.5, 0.95, 0.99]);
  const [waitSecP95, waitSecP99] = runQuantilesSec(measured, 'wait', [0.95, 0.99]);
  const broken = brokenIntervals(run.intervals, pool.objective);
  const costs: number[] = [];
  let [backlogMax, workersMax, busySec, readySec, brokenCount, counted, dropped, abandoned, failed, killed] =
    Array(10).fill(0);
  for (const [i, seen] of run.intervals.entries()) {
    const lengthSec = seen.endSec - seen.startSec;
    const missed = seen.completions + seen.abandoned + seen.dropped - seen.withinTarget;
    const violations =
      missed * pool.cost.perViolation + (broken[i] ? (lengthSec / 60) * pool.cost.perViolationMinute : 0);
    costs.push((seen.workerSeconds / 3600) * pool.cost.perWorkerHour + violations);
    if (seen.startSec < measured.fromSec) continue;
    counted++;
    if (broken[i]) brokenCount++;
    backlogMax = Math.max(backlogMax, seen.waiting, seen.waitingMean);
    workersMax = Math.max(workersMax, seen.workersPaid);
    busySec += seen.busySlotsMean * lengthSec;
    readySec += seen.workersReadyMean * pool.concurrency * lengthSec;
    dropped += seen.dropped;
    abandoned += seen.abandoned;
    failed += seen.failedAttempts;
    killed += seen.killedAttempts;
  }
  const brokenMinutes = (brokenCount / Math.max(1, counted)) * (measured.lengthSec / 60);
  const costWorkers = (measured.workerSeconds / 3600) * pool.cost.perWorkerHour;
  const costViolations = measured.missed * pool.cost.perViolation + brokenMinutes * pool.cost.perViolationMinute;
  const metrics: Metrics = {
    sloAttainmentJobs: measured.judged > 0 ? 1 - measured.missed / measured.judged : Number.NaN,
    sloAttainmentTime: counted > 0 ? 1 - brokenCount / counted : Number.NaN,
    responseSecMean: measured.sumResponseSec / completions,
    responseSecP50: responseSecP50!,
    responseSecP95: responseSecP95!,
    responseSecP99: responseSecP99!,
    waitSecMean: measured.sumWaitSec / completions,
    waitSecP95: waitSecP95!,
    waitSecP99: waitSecP99!,
    // Whoever gives up had to wait, and never completes.
    waitProbability: (measured.waited + abandoned) / (completions + abandoned),
    backlogMax,
    utilization: readySec > 0 ? Math.min(1, busySec / readySec) : 0,
    workersMax,
    workerHours: measured.workerSeconds / 3600,
    costWorkers,
    costViolations,
    costTotal: costWorkers + costViolations,
    jobsArrived: measured.arrivals,
    jobsCompleted: completions,
    jobsMissed: measured.missed,
    jobsAbandoned: abandoned,
    jobsDropped: dropped,
    attemptsFailed: failed,
    attemptsKilled: killed,
  };
  return { metrics, broken, costs };
}
