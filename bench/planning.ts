// Backtests of four scenarios on every trace of a folder: the planner beside the usual autoscalers.
//
//   node scripts/bench.mjs planning FOLDER [--scenario A,B,C,D] [--trace TEXT] [--against LIST] [--within held|interpolated]
//                                          [--seed N] [--price HOURS] [--cap TIMES] [--group TEXT,TEXT] [--every SECONDS]
//                                          [--little]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Policy } from '@capplan/contracts';
import { backtest, type Rival, type RunScore, rivals, type WithinInterval } from '@capplan/replay';
import { type ArrivalTrace, generateTrace, parseTrace } from '@capplan/traces';

interface Scenario {
  name: string;
  title: string;
  serviceSec: number;
  scv: number;
  startupDelaySec: number;
  latencyOf: 'response' | 'wait';
  latencySec: number;
  /** Load that every trace is scaled to, workers. */
  loadWorkers: number;
  /** Windows that runs are scored by, minutes: longer where a minute holds hardly a job. */
  windowMinutes: number;
  /** What a missed minute costs, in hours of a worker: the policy's dial, the same for all traces. */
  missedMinutePrice: number;
}

const scenarios: Scenario[] = [
  {
    name: 'A',
    title: 'service 4 s, scv 1, start-up 120 s, p95 response <= 20 s',
    serviceSec: 4,
    scv: 1,
    startupDelaySec: 120,
    latencyOf: 'response',
    latencySec: 20,
    loadWorkers: 40,
    windowMinutes: 1,
    missedMinutePrice: 5,
  },
  {
    name: 'B',
    title: 'service 30 s, scv 4, start-up 180 s, p95 response <= 240 s',
    serviceSec: 30,
    scv: 4,
    startupDelaySec: 180,
    latencyOf: 'response',
    latencySec: 240,
    loadWorkers: 40,
    windowMinutes: 1,
    missedMinutePrice: 2.5,
  },
  {
    name: 'C',
    title: 'service 1 s, scv 4, start-up 60 s, p95 wait <= 0.5 s',
    serviceSec: 1,
    scv: 4,
    startupDelaySec: 60,
    latencyOf: 'wait',
    latencySec: 0.5,
    loadWorkers: 8,
    windowMinutes: 1,
    missedMinutePrice: 1,
  },
  {
    name: 'D',
    title: 'service 20 min, scv 1, start-up 300 s, p95 wait <= 10 min, windows of 30 min',
    serviceSec: 1200,
    scv: 1,
    startupDelaySec: 300,
    latencyOf: 'wait',
    latencySec: 600,
    loadWorkers: 12,
    windowMinutes: 30,
    missedMinutePrice: 1.5,
  },
];

/** The least length of a trace that counts, days. */
const daysMin = 8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', default: 'A,B,C,D' },
    trace: { type: 'string', default: '' },
    against: { type: 'string', default: rivals.join(',') },
    within: { type: 'string', default: 'held' },
    seed: { type: 'string', default: '1' },
    price: { type: 'string' },
    cap: { type: 'string', default: '1.2' },
    group: { type: 'string', default: '' },
    every: { type: 'string', default: '15' },
    little: { type: 'boolean', default: false },
  },
});
const folder = positionals[0];
if (folder === undefined || !existsSync(folder)) {
  process.stdout.write('planning: no folder with traces, nothing to measure; usage: planning FOLDER\n');
} else {
  const traces = tracesIn(folder);
  for (const scenario of scenarios.filter(({ name }) => values.scenario.split(',').includes(name))) {
    if (values.little) littleHistory(scenario, traces);
    else table(scenario, traces);
  }
}

function tracesIn(path: string): ArrivalTrace[] {
  const traces: ArrivalTrace[] = [];
  for (const file of readdirSync(path).filter((name) => name.endsWith('.csv') && name.includes(values.trace))) {
    const parsed = parseTrace(readFileSync(join(path, file), 'utf8'), { name: file.replace(/\.csv$/, '') });
    if (!parsed.ok) process.stdout.write(`${file}: skipped, ${parsed.problems[0]?.reason}\n`);
    else if (parsed.trace.ratesPerSec.length * parsed.trace.intervalSec >= daysMin * 86_400) traces.push(parsed.trace);
  }
  return traces;
}

function policyOf(scenario: Scenario): Policy {
  return {
    id: 'bench',
    name: 'bench',
    enabled: true,
    mode: 'auto',
    slo: { p95_latency: `${scenario.latencySec}s`, latency_of: scenario.latencyOf },
    scaling: { min_workers: 1, max_workers: 100_000 },
    forecast: {},
    cost: { violation_cost_per_minute: values.price === undefined ? scenario.missedMinutePrice : Number(values.price) },
    tags: [],
    updated_at: '2026-01-01T00:00:00Z',
  };
}

interface Row extends RunScore {
  trace: string;
  costRatio: number;
}

interface Runs {
  rows: Row[];
  wape: number;
  coverage: number;
  /** Share of minutes that the decisions said would miss. */
  promisedMisses: number;
}

function runAll(
  scenario: Scenario,
  trace: ArrivalTrace,
  options: { historyDays?: number; evalDays?: number; fromMs?: number; against?: Rival[] } = {},
): Runs | undefined {
  const wanted = values.against.split(',').filter((name): name is Rival => rivals.includes(name as Rival));
  const result = backtest({
    trace,
    policy: policyOf(scenario),
    service: { kind: 'lognormal', meanSec: scenario.serviceSec, scv: scenario.scv },
    startupDelaySec: scenario.startupDelaySec,
    loadWorkers: scenario.loadWorkers,
    windowMinutes: scenario.windowMinutes,
    within: values.within as WithinInterval,
    seed: values.seed,
    against: wanted,
    peakCap: Number(values.cap),
    decisionPeriodSec: Number(values.every),
    ...options,
  });
  if (!result.ok) {
    process.stdout.write(`${trace.name}: skipped, ${result.detail}\n`);
    return undefined;
  }
  const { planner, rivals: others, forecast, promised } = result.backtest;
  const oracle = others.oracle?.score.workerHours ?? Number.NaN;
  const rows = [planner, ...Object.values(others)].map(({ score }) => ({
    ...score,
    trace: trace.name,
    costRatio: score.workerHours / oracle,
  }));
  return { rows, wape: forecast.wape, coverage: forecast.coverage, promisedMisses: 1 - promised.windowsWithin };
}

function table(scenario: Scenario, traces: readonly ArrivalTrace[]): void {
  process.stdout.write(
    `\nscenario ${scenario.name}: ${scenario.title}, mean load ${scenario.loadWorkers} workers, last 7 days\n\n`,
  );
  process.stdout.write(
    '| trace | controller | cost / oracle | windows in | jobs in | changes/d | reversals/d | max backlog |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|---|---|\n');
  const all: Row[] = [];
  for (const trace of traces) {
    const result = runAll(scenario, trace);
    if (!result) continue;
    for (const row of result.rows) process.stdout.write(line(row.trace, row));
    all.push(...result.rows);
    process.stdout.write(
      `| ${trace.name} | forecast ${scenario.startupDelaySec} s ahead | WAPE ${percent(result.wape)} | 90 % band holds ${percent(result.coverage)} | misses promised ${percent(result.promisedMisses)} | came ${percent(1 - (result.rows[0] as Row).windowsWithin)} | | |\n`,
    );
  }
  process.stdout.write('\n');
  summaries('all traces', all);
  const group = values.group.split(',').filter((text) => text !== '');
  if (group.length === 0) return;
  summaries(
    group.join(' '),
    all.filter((row) => group.some((text) => row.trace.includes(text))),
  );
}

function summaries(what: string, rows: readonly Row[]): void {
  for (const name of new Set(rows.map((row) => row.name))) {
    summary(
      what,
      rows.filter((row) => row.name === name),
    );
  }
}

function line(what: string, row: Omit<RunScore, 'windows'> & { costRatio: number }): string {
  const cells = [
    what,
    row.name,
    row.costRatio.toFixed(3),
    percent(row.windowsWithin),
    percent(row.jobsWithin),
    row.changesPerDay.toFixed(0),
    row.reversalsPerDay.toFixed(1),
    row.waitingMax.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

/** Geometric mean of cost; plain means of shares and counts; the worst of each behind it. */
function summary(what: string, rows: readonly Row[]): void {
  const mean = (value: (row: Row) => number): number => rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
  const worst = (value: (row: Row) => number, pick: 'min' | 'max'): number => Math[pick](...rows.map(value));
  process.stdout.write(
    line(what, {
      ...(rows[0] as Row),
      costRatio: Math.exp(mean((row) => Math.log(row.costRatio))),
      windowsWithin: mean((row) => row.windowsWithin),
      jobsWithin: mean((row) => row.jobsWithin),
      changesPerDay: mean((row) => row.changesPerDay),
      reversalsPerDay: mean((row) => row.reversalsPerDay),
      waitingMax: worst((row) => row.waitingMax, 'max'),
    }),
  );
  process.stdout.write(
    line(`${what}, worst`, {
      ...(rows[0] as Row),
      costRatio: worst((row) => row.costRatio, 'max'),
      windowsWithin: worst((row) => row.windowsWithin, 'min'),
      jobsWithin: worst((row) => row.jobsWithin, 'min'),
      changesPerDay: worst((row) => row.changesPerDay, 'max'),
      reversalsPerDay: worst((row) => row.reversalsPerDay, 'max'),
      waitingMax: worst((row) => row.waitingMax, 'max'),
    }),
  );
}

/** The first day of each trace and a random walk, without any history: no better informed than a reactive rule. */
function littleHistory(scenario: Scenario, traces: readonly ArrivalTrace[]): void {
  process.stdout.write(
    `\nscenario ${scenario.name} without history: the first day of each trace, and random walks\n\n`,
  );
  process.stdout.write(
    '| trace | controller | cost / oracle | windows in | jobs in | changes/d | reversals/d | max backlog |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|---|---|\n');
  const all: Row[] = [];
  const walks = [1, 2, 3].map((seed) =>
    generateTrace({
      seed,
      name: `random-walk-${seed}`,
      days: 1,
      intervalSec: 60,
      dailyAmplitude: 0,
      weekendFactor: 1,
      wander: 0.5,
      spike: null,
    }),
  );
  for (const trace of [...traces, ...walks]) {
    const result = runAll(scenario, trace, { historyDays: 0, evalDays: 1, fromMs: trace.startMs });
    if (!result) continue;
    for (const row of result.rows) process.stdout.write(line(row.trace, row));
    all.push(...result.rows);
  }
  process.stdout.write('\n');
  summaries('all', all);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
