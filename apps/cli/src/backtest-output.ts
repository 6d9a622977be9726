import type { Backtest, BacktestRow, ControllerRun } from '@capplan/replay';
import { alignedTable } from './aligned-table.ts';

/** Every order as `time_s,workers`, seconds since the start of the replay; the first row is what it started with. */
export function decisionsCsv(run: ControllerRun): string {
  const rows = run.changes.map(({ atSec, to }) => `${atSec},${to}`);
  return `${['time_s,workers', `0,${run.initialWorkers}`, ...rows].join('\n')}\n`;
}

/** The whole result for programs; shares in [0, 1], cost in the policy's currency. */
export function backtestJson(result: Backtest) {
  return {
    trace: result.trace,
    from: new Date(result.startMs).toISOString(),
    days: result.days,
    history_days: result.historyDays,
    jobs: result.planner.score.jobs,
    bridged_intervals: result.demand.bridged,
    ...scoreJson(result.planner, result),
    forecast: {
      lead_s: result.forecast.leadSec,
      wape: finite(result.forecast.wape),
      coverage_90: finite(result.forecast.coverage),
    },
    against: Object.fromEntries(Object.entries(result.rivals).map(([rival, row]) => [rival, scoreJson(row, result)])),
  };
}

function scoreJson({ score }: BacktestRow, { rivals }: Backtest) {
  const oracle = rivals.oracle?.score.workerHours;
  return {
    jobs_within_target: score.jobsWithin,
    windows_within_target: score.windowsWithin,
    windows_missed: score.windowsMissed,
    worker_hours: score.workerHours,
    worker_hours_vs_oracle: oracle === undefined ? null : score.workerHours / oracle,
    worker_cost: score.workerCost,
    violation_cost: score.violationCost,
    total_cost: score.totalCost,
    changes_per_day: score.changesPerDay,
    reversals_per_day: score.reversalsPerDay,
    max_backlog: score.waitingMax,
    workers_mean: score.workersMean,
    workers_max: score.workersMax,
  };
}

/** The result for people. */
export function backtestTable(result: Backtest): string {
  const rows = [result.planner, ...Object.values(result.rivals)];
  const oracle = result.rivals.oracle?.score.workerHours;
  const header = [
    'controller',
    'jobs in',
    'windows in',
    'worker-h',
    'vs oracle',
    'total cost',
    'changes/d',
    'reversals/d',
    'max backlog',
  ];
  const cells = rows.map(({ score }) => [
    score.name,
    percent(score.jobsWithin),
    percent(score.windowsWithin),
    score.workerHours.toFixed(0),
    oracle === undefined ? '-' : (score.workerHours / oracle).toFixed(3),
    score.totalCost.toFixed(0),
    score.changesPerDay.toFixed(1),
    score.reversalsPerDay.toFixed(1),
    String(score.waitingMax),
  ]);
  const { forecast, planner } = result;
  const facts = [
    `${result.trace}: ${result.days.toFixed(2)} days from ${new Date(result.startMs).toISOString()}, ${planner.score.jobs} jobs, ${result.historyDays.toFixed(1)} days of history`,
    ...(result.demand.bridged > 0
      ? [`${result.demand.bridged} intervals were not measured and are bridged by straight lines`]
      : []),
    '',
    ...alignedTable(header, cells),
    '',
    `forecast ${forecast.leadSec} s ahead: off by ${percent(forecast.wape)} of the arrivals (WAPE), ${percent(forecast.coverage)} inside the 90 % band`,
  ];
  return `${facts.join('\n')}\n`;
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(2)} %` : '-';
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
