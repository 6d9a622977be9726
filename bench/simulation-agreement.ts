// The simulator against exact M/M/c values, published M/G/c simulations and numerically solved time-varying queues.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandomStream } from '@capplan/random';
import {
  createRateArrivals,
  createServiceSource,
  type Distribution,
  PoolSimulation,
  RatePath,
  runQuantilesSec,
} from '@capplan/simulation';
import { type TimeVaryingCell, timeVarying } from './simulation-waves.ts';

type Print = (line: string) => void;
type Values = Record<string, number>;

const batches = 40;
/** Two-sided normal quantiles: a single 95 % interval, and one that leaves 1 in 10,000 outside. */
const sure = { ordinary: 1.96, strict: 3.89 };
/** Both sides read quantiles off bins. */
const binAllowance = 0.003;

/** Runs every cell of the reference files and prints how many figures lie inside the combined confidence interval. */
export function agreement(folder: string, jobs: number, print: Print, only?: 'time-varying'): void {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, Values[]>;
  print(`\nagreement, ${(jobs / 1e6).toFixed(1)} M jobs a cell, ${batches} batches`);
  if (only !== 'time-varying') stationary(read, jobs, print);
  timeVarying(read('mt-m-st.json').mt as unknown as TimeVaryingCell[], jobs / 4, print);
}

function stationary(read: (name: string) => Record<string, Values[]>, jobs: number, print: Print): void {
  const exact = read('mmc-exact.json').mmc!.map((cell) => ({
    label: `M c=${cell.c} rho=${cell.rho}`,
    servers: cell.c!,
    rho: cell.rho!,
    service: { kind: 'exponential', meanSec: 1 } as Distribution,
    scv: 1,
    expected: { ...cell, Pwait: cell.erlangC! } as Values,
  }));
  compareCells('M/M/c, exact', exact, jobs, print);
  const published = read('mgc-sim.json').mgc!.map((cell) => ({
    label: `${cell.dist} c=${cell.c} rho=${cell.rho}`,
    servers: cell.c!,
    rho: cell.rho!,
    service: distributionOf(String(cell.dist)),
    scv: cell.scv!,
    expected: cell,
  }));
  compareCells('M/G/c, simulated elsewhere', published, jobs, print);
}

interface Cell {
  label: string;
  servers: number;
  rho: number;
  service: Distribution;
  scv: number;
  expected: Values;
}

const figures = ['Wq', 'Pwait', 'W_p50', 'W_p95', 'W_p99', 'T_p50', 'T_p95', 'T_p99'] as const;

function compareCells(title: string, cells: Cell[], jobs: number, print: Print): void {
  let [compared, ordinary, strict, slow] = [0, 0, 0, 0];
  const outside: string[] = [];
  for (const [i, cell] of cells.entries()) {
    const lengthSec = jobs / (cell.servers * cell.rho);
    // How long the queue remembers, in heavy traffic; batches must be much longer for their spread to mean anything.
    const memorySec = (1 + cell.scv) / 2 / (cell.servers * (1 - Math.sqrt(cell.rho)) ** 2);
    if (lengthSec / batches < 25 * memorySec) {
      slow++;
      continue;
    }
    const found = runCell(cell, lengthSec, i);
    for (const figure of figures) {
      const expected = cell.expected[figure];
      if (expected === undefined) continue;
      const published = cell.expected[`${figure}_hw`] ?? 0;
      const { value } = found[figure]!;
      const error = Math.max(found[figure]!.error, rareWaitError(figure, cell, jobs));
      const bins = figure.includes('_p') ? binAllowance * expected : 0;
      const off = Math.abs(value - expected);
      compared++;
      if (off <= sure.ordinary * error + published + bins + 1e-9) ordinary++;
      if (off <= sure.strict * error + published + bins + 1e-9) strict++;
      else
        outside.push(
          `${cell.label} ${figure}: ${value.toPrecision(6)} ± ${error.toPrecision(2)}, reference ${expected}`,
        );
    }
  }
  const share = (count: number) => `${((100 * count) / compared).toFixed(2)} %`;
  print(
    `  ${title}: ${compared} figures of ${cells.length - slow} cells; inside the combined 95 % interval ${share(ordinary)}, ` +
      `99.99 % ${share(strict)}${slow > 0 ? `; ${slow} cells forget too slowly for this many jobs` : ''}`,
  );
  for (const line of outside.slice(0, 12)) print(`    outside: ${line}`);
}

/**
 * Where hardly any job waits, batches without a single one would claim to be certain. The count of waiting jobs is at
 * least as uncertain as a Poisson count, and their waits as exponentials at the rate at which the servers catch up.
 */
function rareWaitError(figure: string, { servers, rho, expected }: Cell, jobs: number): number {
  const share = expected.Pwait ?? 0;
  if (figure === 'Pwait') return Math.sqrt(share / jobs);
  return figure === 'Wq' ? Math.sqrt((2 * share) / jobs) / (servers * (1 - rho)) : 0;
}

function runCell(cell: Cell, lengthSec: number, seed: number): Record<string, { value: number; error: number }> {
  const random = createRandomStream(`agreement ${seed}`);
  const warmupSec = Math.ceil(lengthSec / 10);
  const intervalSec = lengthSec / batches;
  const horizonSec = lengthSec + intervalSec * Math.ceil(warmupSec / intervalSec);
  const rate = cell.servers * cell.rho;
  const run = new PoolSimulation({
    random,
    horizonSec,
    intervalSec,
    warmupSec,
    arrivals: createRateArrivals(RatePath.constant(rate, horizonSec), { kind: 'poisson' }, random.fork('arrivals')),
    services: createServiceSource(cell.service, random.fork('services')),
    workers: cell.servers,
    concurrency: 1,
    startup: 0,
  }).finish();
  const { measured } = run;
  const kept = run.intervals.filter(({ startSec }) => startSec >= measured.fromSec - 1e-6);
  const levels = [0.5, 0.95, 0.99];
  const waits = runQuantilesSec(measured, 'wait', levels);
  const responses = runQuantilesSec(measured, 'response', levels);
  const spread = (values: number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    return Math.sqrt(variance / values.length);
  };
  const over = (value: number, ofBatch: (seen: (typeof kept)[number]) => number) => ({
    value,
    error: spread(kept.map(ofBatch)),
  });
  return {
    Wq: over(measured.sumWaitSec / measured.completions, (seen) => seen.sumWaitSec / seen.completions),
    Pwait: over(measured.waited / measured.completions, (seen) => seen.waited / seen.completions),
    W_p50: over(waits[0]!, (seen) => seen.waitSecP50),
    W_p95: over(waits[1]!, (seen) => seen.waitSecP95),
    W_p99: over(waits[2]!, (seen) => seen.waitSecP99),
    T_p50: over(responses[0]!, (seen) => seen.responseSecP50),
    T_p95: over(responses[1]!, (seen) => seen.responseSecP95),
    T_p99: over(responses[2]!, (seen) => seen.responseSecP99),
  };
}

function distributionOf(name: string): Distribution {
  const [kind, scv] = name.split(':');
  if (kind === 'D') return { kind: 'deterministic', meanSec: 1 };
  if (kind === 'M') return { kind: 'exponential', meanSec: 1 };
  if (kind === 'E2') return { kind: 'erlang', meanSec: 1, phases: 2 };
  return { kind: kind === 'H2' ? 'hyperexponential' : 'lognormal', meanSec: 1, scv: Number(scv) };
}
