import {
  type ComparisonOutcome,
  type Estimate,
  type MetricName,
  metricDirections,
  type SimulationResult,
} from '@capplan/simulation';

/** What the table shows, in order: the figure, its name and how to write it. */
const rows: { metric: MetricName; label: string; write: (value: number) => string }[] = [
  { metric: 'sloAttainmentJobs', label: 'jobs within the target', write: percent },
  { metric: 'sloAttainmentTime', label: 'time within the objective', write: percent },
  { metric: 'responseSecMean', label: 'response, mean', write: seconds },
  { metric: 'responseSecP50', label: 'response, p50', write: seconds },
  { metric: 'responseSecP95', label: 'response, p95', write: seconds },
  { metric: 'responseSecP99', label: 'response, p99', write: seconds },
  { metric: 'waitSecP95', label: 'wait, p95', write: seconds },
  { metric: 'waitProbability', label: 'jobs that wait', write: percent },
  { metric: 'backlogMax', label: 'largest backlog', write: number },
  { metric: 'utilization', label: 'utilisation', write: percent },
  { metric: 'workersMax', label: 'most workers', write: number },
  { metric: 'workerHours', label: 'worker-hours', write: number },
  { metric: 'costWorkers', label: 'cost of workers', write: number },
  { metric: 'costViolations', label: 'cost of violations', write: number },
  { metric: 'costTotal', label: 'cost', write: number },
  { metric: 'jobsArrived', label: 'jobs', write: number },
  { metric: 'jobsMissed', label: 'jobs beyond the target', write: number },
  { metric: 'jobsAbandoned', label: 'jobs that gave up', write: number },
  { metric: 'jobsDropped', label: 'jobs lost', write: number },
  { metric: 'attemptsFailed', label: 'attempts failed', write: number },
  { metric: 'attemptsKilled', label: 'attempts cut off', write: number },
];
/** Figures that say nothing when they are zero: the scenario has no such faults or costs. */
const shownOnlyAboveZero = new Set<MetricName>([
  'jobsAbandoned',
  'jobsDropped',
  'attemptsFailed',
  'attemptsKilled',
  'costWorkers',
  'costViolations',
  'costTotal',
]);

/** One scenario for people. */
export function simulationTable(result: SimulationResult): string {
  const lines = [
    `${result.name}: ${duration(result.horizonSec)}, ${count(result.replications, 'replication')}, ` +
      `${number(result.jobsSimulated)} jobs simulated, seed ${result.seed}` +
      (result.warmupSec > 0 ? `, the first ${duration(result.warmupSec)} left out` : ''),
  ];
  for (const pool of result.pools) {
    lines.push('', pool.name);
    for (const { metric, label, write } of rows) {
      const estimate = pool.summary[metric];
      if (shownOnlyAboveZero.has(metric) && !(estimate.mean > 0)) continue;
      lines.push(`  ${label.padEnd(26)} ${write(estimate.mean).padStart(10)}${interval(estimate, write)}`);
    }
    if (pool.overloaded)
      lines.push('  overloaded: more work arrives than the workers can do; the backlog keeps growing');
    if (pool.worst) {
      const { fromSec, toSec, responseSecP95, waitingMean } = pool.worst;
      lines.push(
        `  worst: ${clock(fromSec)} to ${clock(toSec)}, p95 response ${seconds(responseSecP95)}, ${number(waitingMean)} jobs waiting`,
      );
    }
    const shown = pool.breaches.slice(0, 8);
    for (const { fromSec, toSec, share } of shown) {
      lines.push(`  objective broken ${clock(fromSec)} to ${clock(toSec)} (in ${percent(share)} of the replications)`);
    }
    if (pool.breaches.length > shown.length) lines.push(`  … and ${pool.breaches.length - shown.length} more times`);
  }
  return `${lines.join('\n')}\n`;
}

/** What differs between scenarios, for people: every judged figure whose difference is clear, and the costs. */
export function comparisonTable(comparison: Extract<ComparisonOutcome, { ok: true }>): string {
  const lines: string[] = [];
  const baseName = comparison.results[0]!.name;
  for (const { pool, against } of comparison.pools) {
    for (const { scenario, metrics } of against) {
      lines.push(
        `${scenario} against ${baseName}${comparison.pools.length > 1 ? `, ${pool}` : ''}: the same jobs, paired`,
      );
      for (const { metric, label, write } of rows) {
        const { difference, verdict, sureness } = metrics[metric];
        if (metricDirections[metric] === 'neutral' || verdict === 'same') continue;
        const signed = (value: number) => (value > 0 ? `+${write(value)}` : write(value));
        const how = verdict === 'unclear' ? 'no clear difference' : `${verdict}, ${sure(verdict, sureness)} sure`;
        lines.push(
          `  ${label.padEnd(26)} ${signed(difference.mean).padStart(11)}${interval(difference, signed)}  ${how}`,
        );
      }
      if (Object.values(metrics).every(({ verdict }) => verdict === 'same' || verdict === 'neutral')) {
        lines.push('  no difference at all');
      }
      lines.push('');
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function sure(verdict: 'better' | 'worse' | 'same' | 'neutral', sureness: number): string {
  const share = verdict === 'worse' ? 1 - sureness : sureness;
  return share > 0.9995 ? 'over 99.9 %' : `${(share * 100).toFixed(1)} %`;
}

function interval({ low, high }: Estimate, write: (value: number) => string): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return ''.padEnd(26);
  return `  [${write(low)}, ${write(high)}]`.padEnd(26);
}

function percent(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const shown = value * 100;
  return `${Math.abs(shown) >= 99.95 && Math.abs(shown) < 100 ? shown.toFixed(3) : shown.toFixed(1)} %`;
}

function seconds(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size >= 600) return `${(value / 60).toFixed(1)} min`;
  return size < 1 && size > 0 ? `${(value * 1000).toFixed(size < 0.01 ? 1 : 0)} ms` : `${value.toPrecision(3)} s`;
}

export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1e7) return `${(value / 1e6).toFixed(1)} M`;
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

function count(value: number, word: string): string {
  return `${value} ${word}${value === 1 ? '' : 's'}`;
}

export function duration(lengthSec: number): string {
  for (const [unit, name] of [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const) {
    if (lengthSec >= unit) return `${Number((lengthSec / unit).toFixed(2))} ${name}`;
  }
  return `${Number(lengthSec.toFixed(2))} s`;
}

/** A moment of the run: hours and minutes, days where there are any, seconds where they matter. */
export function clock(atSec: number): string {
  const days = Math.floor(atSec / 86_400);
  const pad = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const time = `${pad((atSec % 86_400) / 3600)}:${pad((atSec % 3600) / 60)}`;
  return `${days > 0 ? `${days}d ` : ''}${time}${atSec % 60 ? `:${pad(atSec % 60)}` : ''}`;
}
