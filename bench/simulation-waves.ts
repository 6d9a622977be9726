// The simulator against numerically solved time-varying queues, M_t/M/s_t with staffing in blocks.
import { serversForWaitProbability } from '@capplan/queueing';
import { createRandomStream, type RandomStream } from '@capplan/random';
import {
  type ArrivalSource,
  createRateArrivals,
  createServiceSource,
  PoolSimulation,
  RatePath,
} from '@capplan/simulation';

/** Half-width of an interval that leaves 1 in 10,000 outside, in standard errors. */
const strict = 3.89;

export interface TimeVaryingCell {
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

/** Runs every cell and prints the share of time in which all servers are busy beside the solved one. */
export function timeVarying(cells: TimeVaryingCell[], jobs: number, print: (line: string) => void): void {
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
    const fits = Math.abs(mean - cell.pd_mean) <= strict * error + staffingAllowance;
    if (fits) inside++;
    lines.push(
      `    ${cell.example.padEnd(6)} ${cell.target} ${cell.rule.padEnd(36)} P(all busy) ${mean.toFixed(4)} ± ${(1.96 * error).toFixed(4)}, ` +
        `solved ${cell.pd_mean.toFixed(4)}; lowest ${low.toFixed(3)}/${cell.pd_min.toFixed(3)}, highest ${high.toFixed(3)}/${cell.pd_max.toFixed(3)}${fits ? '' : '  OUTSIDE'}`,
    );
  }
  print(
    `  time-varying M_t/M/s_t: ${inside} of ${compared} inside${skipped > 0 ? `; ${skipped} whose staffing this benchmark cannot restate` : ''}`,
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
    // Near saturation a tenth of a server matters: compare what lies above the load.
    const slack = Math.max(0.01, s_mean - mean / mu);
    if (Math.abs(average - s_mean) < Math.min(0.15, 0.1 * slack))
      return (t) => ofBlock[Math.min(blocks, Math.floor(t / block + 1e-9))]!;
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
  const wave = RatePath.sampled((t) => mean + amplitude * Math.sin(frequency * t), roundSec, period / 1000);
  const pool = new PoolSimulation({
    random,
    horizonSec,
    intervalSec: roundSec,
    arrivals: repeated(wave, random),
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

/** The same path again and again; Poisson arrivals of one round know nothing of the round before. */
function repeated(path: RatePath, random: RandomStream): ArrivalSource {
  let round = -1;
  let source: ArrivalSource | undefined;
  return {
    fill(out, from, to) {
      let at = from;
      while (at < to) {
        source ??= createRateArrivals(path, { kind: 'poisson' }, random.fork(`round ${++round}`));
        const end = source.fill(out, at, to);
        for (let i = at; i < end; i++) out[i]! += round * path.lengthSec;
        if (end < to) source = undefined;
        at = end;
      }
      return to;
    },
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
