import type { ControllerRun, WorkerChange } from './run-controller.ts';

/** What a run is worth, as one row of a table. */
export interface RunScore {
  name: string;
  /** Share of jobs within the target; jobs that never finished count as missed. */
  jobsWithin: number;
  /**
   * Share of windows kept, of a minute each unless said otherwise: at least 95 % of the jobs that arrived in the window met the target, which is to
   * say that their 95 % quantile did. A window without arrivals has nobody to disappoint and is kept.
   */
  windowsWithin: number;
  windows: number;
  windowsMissed: number;
  /** Paid time of workers, from order to gone. */
  workerHours: number;
  workerCost: number;
  /** Minutes of missed windows at the policy's price of a missed minute. */
  violationCost: number;
  totalCost: number;
  changesPerDay: number;
  /** Changes of the opposite direction to the one before, within ten minutes of it, per day. */
  reversalsPerDay: number;
  waitingMax: number;
  workersMean: number;
  workersMax: number;
  jobs: number;
}

/** A window is kept when this share of its jobs is. */
const windowShare = 0.95;
const reversalSec = 600;
const daySec = 86_400;

/**
 * Adds a run up.
 *
 * @param workerCostPerHour price of one worker for an hour
 * @param violationCostPerMinute price of one minute of a window that misses its target
 * @param windowMinutes length of a window, whole minutes; longer where a minute holds too few jobs to judge by; default 1
 */
export function scoreRun(
  run: ControllerRun,
  options: { workerCostPerHour: number; violationCostPerMinute: number; windowMinutes?: number },
): RunScore {
  const { workerCostPerHour, violationCostPerMinute, windowMinutes = 1 } = options;
  let windows = 0;
  let windowsMissed = 0;
  let workersMax = 0;
  for (let from = 0; from < run.minutes.length; from += windowMinutes) {
    let arrivals = 0;
    let within = 0;
    for (const minute of run.minutes.slice(from, from + windowMinutes)) {
      workersMax = Math.max(workersMax, minute.workersPaid);
      arrivals += minute.arrivals;
      within += minute.arrivedWithinTarget;
    }
    windows++;
    if (within < windowShare * arrivals - 1e-9) windowsMissed++;
  }
  const days = (run.minutes.length * 60) / daySec;
  const workerHours = run.workerSec / 3600;
  const workerCost = workerHours * workerCostPerHour;
  const violationCost = windowsMissed * windowMinutes * violationCostPerMinute;
  return {
    name: run.name,
    jobsWithin: run.jobs > 0 ? run.withinTarget / run.jobs : 1,
    windowsWithin: windows > 0 ? 1 - windowsMissed / windows : 1,
    windows,
    windowsMissed,
    workerHours,
    workerCost,
    violationCost,
    totalCost: workerCost + violationCost,
    changesPerDay: run.changes.length / days,
    reversalsPerDay: countReversals(run.changes) / days,
    waitingMax: run.waitingMax,
    workersMean: run.workerSec / (run.minutes.length * 60),
    workersMax,
    jobs: run.jobs,
  };
}

/** How often a change took back the direction of the one before it within ten minutes. */
export function countReversals(changes: readonly WorkerChange[]): number {
  let reversals = 0;
  for (let i = 1; i < changes.length; i++) {
    const [before, now] = [changes[i - 1] as WorkerChange, changes[i] as WorkerChange];
    const opposite = now.to > now.from !== before.to > before.from;
    if (opposite && now.atSec - before.atSec <= reversalSec) reversals++;
  }
  return reversals;
}
