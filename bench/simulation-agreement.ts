// The simulator against exact M/M/c values, published M/G/c simulations and numerically solved time-varying queues.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serversForWaitProbability } from '@capplan/queueing';
import { createRandomStream } from '@capplan/random';
import {
  createRateArrivals,
  createServiceSource,
  type Distribution,
  PoolSimulation,
  RatePath,
  runQuantilesSec,
} from '@capplan/simulation';

type Print = (line: string) => void;
type Values = Record<string, number>;

const batches = 40;
/** Two-sided normal quantiles: a single 95 % interval, and one that leaves 1 in 10,000 outside. */
const sure = { ordinary: 1.96, strict: 3.89 };
/** Both sides read quantiles off bins. */
const binAllowance = 0.003;

/** Runs every cell of the reference files and prints how many figures lie inside the combined confidence interval. */
export function agreement(folder: string, jobs: number, print: Print): void {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, Values[]>;
  print(`\nagreement, ${(jobs / 1e6).toFixed(1)} M jobs a cell, ${batches} batches`);
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
  timeVarying(read('mt-m-st.json').mt as unknown as TimeVaryingCell[], jobs / 4, print);
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

interface TimeVaryingCell {
  example: string;
  target: number;
  rule: string;
  block: number;
  s_mean: number;
  pd_mean: number;
  pd_min: number;
  pd_max: number;
}

/** The sine waves of the reference: λ(t) = mean + amplitude · sin(frequency · t), μ. */
const waves: Record<string, { mean: number; amplitude: number; frequency: number; mu: number }> = {
  sin100: { mean: 100, amplitude: 20, frequency: 1, mu: 1 },
  sin30: { mean: 30, amplitude: 20, frequency: 5, mu: 1 },
  day: { mean: 120, amplitude: 80, frequency: (2 * Math.PI) / 24, mu: 2 },
};

function timeVarying(cells: TimeVaryingCell[], jobs: number, print: Print): void {
  let [compared, inside, skipped] = [0, 0, 0];
  const lines: string[] = [];
  for (const [i, cell] of cells.entries()) {
    const staffing = staffingOf(cell);
    if (!staffing) {
      skipped++;
      continue;
    }
    const { mean, error, low, high } = runWave(cell, staffing, jobs, i);
    compared++;
    const fits = Math.abs(mean - cell.pd_mean) <= sure.strict * error + staffingAllowance;
    if (fits) inside++;
    lines.push(
      `    ${cell.example.padEnd(6)} ${cell.target} ${cell.rule.padEnd(36)} P(all busy) ${mean.toFixed(4)} ± ${(1.96 * error).toFixed(4)}, ` +
        `solved ${cell.pd_mean.toFixed(4)}; lowest ${low.toFixed(3)}/${cell.pd_min.toFixed(3)}, highest ${high.toFixed(3)}/${cell.pd_max.toFixed(3)}${fits ? '' : '  OUTSIDE'}`,
    );
  }
  print(
    `  time-varying M_t/M/s_t: ${inside} of ${compared} inside${skipped > 0 ? `; ${skipped} with a rule this benchmark cannot restate` : ''}`,
  );
  for (const line of lines) print(line);
}

/** The reference solves fifty cycles and looks at the last; its blocks count from time zero, whatever the period. */
const cyclesSolved = 50;
/** Simulated over and over: the last cycles before the end, of which the last is looked at. */
const cyclesRepeated = 4;
/** Where a block's middle falls on a rounding edge, the reference may have a server more or less for that block. */
const staffingAllowance = 2e-3;

/** Servers as a function of time, or undefined where they are not the reference's. */
function staffingOf({ example, target, rule, block, s_mean }: TimeVaryingCell): ((t: number) => number) | undefined {
  const wave = waves[example];
  if (!wave) return undefined;
  const { mean, amplitude, frequency, mu } = wave;
  const lag = Math.atan(frequency / mu);
  const instant = (t: number) => (mean + amplitude * Math.sin(frequency * t)) / mu;
  const modified = (t: number) => (mean + amplitude * Math.cos(lag) * Math.sin(frequency * t - lag)) / mu;
  const erlang = (offeredLoadErlangs: number) =>
    serversForWaitProbability({ offeredLoadErlangs, waitProbability: target });
  const beta = rule.includes('Halfin') ? halfinWhittBeta(target) : tailScore(target);
  const root = (whole: (x: number) => number) => (t: number) => whole(modified(t) + beta * Math.sqrt(modified(t)));
  const rules: ((t: number) => number)[] = rule.startsWith('PSA')
    ? [(t) => erlang(instant(t))]
    : rule.startsWith('MOL')
      ? [(t) => erlang(modified(t))]
      : rule.startsWith('constant')
        ? [() => erlang(mean / mu)]
        : [root(rule.includes('Halfin') ? Math.ceil : (x) => Math.ceil(x + 0.5))];
  const blocks = Math.floor((cyclesSolved * 2 * Math.PI) / frequency / block + 1e-9);
  for (const servers of rules) {
    const ofBlock = Array.from({ length: blocks + 1 }, (_, i) => servers((i + 0.5) * block));
    const average = ofBlock.slice(0, blocks).reduce((sum, s) => sum + s, 0) / blocks;
    if (Math.abs(average - s_mean) < 0.15) return (t) => ofBlock[Math.min(blocks, Math.floor(t / block + 1e-9))]!;
  }
  return undefined;
}

function runWave(cell: TimeVaryingCell, staffing: (t: number) => number, jobs: number, seed: number) {
  const { mean, amplitude, frequency, mu } = waves[cell.example]!;
  const period = (2 * Math.PI) / frequency;
  const rounds = Math.max(40, Math.round(jobs / (mean * period * cyclesRepeated)));
  const roundSec = cyclesRepeated * period;
  const offset = (cyclesSolved - cyclesRepeated) * period;
  const horizonSec = rounds * roundSec;
  const random = createRandomStream(`wave ${seed}`);
  const path = RatePath.sampled((t) => mean + amplitude * Math.sin(frequency * t), horizonSec, period / 1000);
  const pool = new PoolSimulation({
    random,
    horizonSec,
    intervalSec: roundSec,
    arrivals: createRateArrivals(path, { kind: 'poisson' }, random.fork('arrivals')),
    services: createServiceSource({ kind: 'exponential', meanSec: 1 / mu }, random.fork('services')),
    workers: staffing(offset),
    concurrency: 1,
    startup: 0,
    // Jobs beyond the servers wait again, as in the reference.
    scaleIn: { mode: 'kill', keepsProgress: true },
  });
  const edges = [0];
  for (let i = Math.floor(offset / cell.block) + 1; i * cell.block < offset + roundSec; i++) {
    edges.push(i * cell.block - offset);
  }
  edges.push(roundSec);
  const perRound: number[] = [];
  const byBlock = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    let full = 0;
    for (let e = 0; e + 1 < edges.length; e++) {
      const [from, to] = [edges[e]!, edges[e + 1]!];
      const servers = staffing(offset + (from + to) / 2);
      pool.advanceTo(Math.max(pool.nowSec, round * roundSec + from));
      pool.setWorkers(servers);
      if (to <= roundSec - period) continue;
      for (const share of [0.25, 0.75]) {
        const at = from + share * (to - from);
        if (at < roundSec - period) continue;
        pool.advanceTo(round * roundSec + at);
        const { busySlots, waiting } = pool.state();
        if (busySlots + waiting < servers) continue;
        full += (to - from) / 2;
        byBlock.set(e, (byBlock.get(e) ?? 0) + 1 / 2 / rounds);
      }
    }
    perRound.push(full / period);
  }
  const average = perRound.reduce((sum, value) => sum + value, 0) / rounds;
  // The looks lie evenly in the cycle; those cut off at its edge leave less than a thousandth of it.
  const variance = perRound.reduce((sum, value) => sum + (value - average) ** 2, 0) / (rounds - 1);
  return {
    mean: average,
    error: Math.sqrt(variance / rounds),
    low: Math.min(...byBlock.values()),
    high: Math.max(...byBlock.values()),
  };
}

/** β for which Halfin and Whitt's (1981) limit of the delay probability is the target. */
function halfinWhittBeta(target: number): number {
  return bisect((beta) => 1 / (1 + (beta * normalBelow(beta)) / density(beta)), target);
}

function tailScore(target: number): number {
  return bisect((z) => 1 - normalBelow(z), target);
}

/** Where a falling function meets a value, between 0 and 10. */
function bisect(falling: (x: number) => number, value: number): number {
  let [low, high] = [0, 10];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > value) low = middle;
    else high = middle;
  }
  return high;
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** The normal distribution function by its series (Abramowitz & Stegun 26.2.11); for x from 0 to 10. */
function normalBelow(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 400; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + density(x) * sum;
}
