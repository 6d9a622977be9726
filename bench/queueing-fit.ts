// Makes the constants of the M/G/c approximation anew: the table of constant service, the simulated cells, the fit.
// node scripts/bench.mjs queueing-fit [--jobs MILLIONS] [--full]; five minutes with the default of 2 million jobs a cell,
// an hour with --full --jobs 10. The constants in the source come from such a run of a faster simulator, in C.
import {
  ConditionalWait,
  constantServiceEffect,
  constantServiceQueue,
  type ServiceDistribution,
  type ServiceShape,
  serviceShape,
  variabilityIndex,
  type WaitFit,
  waitFit,
  waitProbability,
} from '@capplan/queueing';
import { type SimulatedWait, simulateWait, waitShares } from './mgc-simulation.ts';
import { minimise } from './nelder-mead.ts';
import { errorTable, type NamedErrors, printTable } from './queueing-tables.ts';

const jobsOption = process.argv.indexOf('--jobs');
const jobs = 1e6 * (jobsOption < 0 ? 2 : Number(process.argv[jobsOption + 1]));

interface FitCell extends SimulatedWait {
  readonly shape: ServiceShape;
  readonly servers: number;
  readonly load: number;
  /** Cells that the fit never sees. */
  readonly isJudge: boolean;
}

printConstantServiceEffect();
const cells = simulateAll();
const fitted = cells.filter((cell) => !cell.isJudge);
const start = Object.values(waitFit);
const { point, value } = minimise((candidate) => loss(asFit(candidate), fitted), start, 200);
process.stdout.write(`constants, loss ${value.toFixed(5)} (in the source: ${loss(waitFit, fitted).toFixed(5)})\n`);
process.stdout.write(
  `${JSON.stringify(asFit(point), (_, x) => (typeof x === 'number' ? Number(x.toFixed(4)) : x), 2)}\n\n`,
);
report('constants of the source, cells of the fit', waitFit, fitted);
report(
  'constants of the source, other cells',
  waitFit,
  cells.filter((cell) => cell.isJudge),
);

/** ln(Erlang C / P(wait) of M/D/c) at the nodes of the table in wait-correction.ts, times 10⁴. */
function printConstantServiceEffect(): void {
  process.stdout.write('effect of constant service on P(wait), rows by servers\n\n');
  for (const servers of [2, 3, 5, 8, 14, 25, 50, 100, 250, 1000, 5000]) {
    const root = Math.sqrt(servers);
    const row = Array.from({ length: 15 }, (_, i) => {
      const v = (((i + 1) / 16) * root) / (1 + root);
      const offeredLoadErlangs = servers - (v / (1 - v)) * root;
      const constant = constantServiceQueue({ offeredLoadErlangs, servers }).waitProbability;
      return Math.round(1e4 * Math.log(waitProbability({ offeredLoadErlangs, servers }) / constant));
    });
    process.stdout.write(`${servers}: [${row.join(', ')}]\n`);
  }
  process.stdout.write('\n');
}

function simulateAll(): FitCell[] {
  const one = { meanSec: 1 } as const;
  const shapes: ServiceDistribution[] = [
    { kind: 'deterministic', ...one },
    { kind: 'erlang', ...one, shape: 4 },
    { kind: 'erlang', ...one, shape: 2 },
    ...[2, 4, 9, 16].map((scv) => ({ kind: 'hyperexponential', ...one, scv }) as const),
    ...[0.5, 1, 2, 4, 8, 16].map((scv) => ({ kind: 'lognormal', ...one, scv }) as const),
    ...[2, 4, 9].map((scv) => ({ kind: 'gamma', ...one, scv }) as const),
    ...[3, 30].map(boundedPareto),
  ];
  const judges: ServiceDistribution[] = [
    { kind: 'deterministic', ...one },
    { kind: 'lognormal', ...one, scv: 3 },
    { kind: 'lognormal', ...one, scv: 12 },
    { kind: 'hyperexponential', ...one, scv: 6 },
    { kind: 'gamma', ...one, scv: 6 },
    boundedPareto(10),
  ];
  const run = (list: ServiceDistribution[], servers: number[], loads: number[], isJudge: boolean) =>
    list.flatMap((service, i) =>
      servers.flatMap((count) =>
        loads.map((load) => ({ service, servers: count, load, isJudge, seed: `${i} ${count} ${load}` })),
      ),
    );
  const setups = [
    ...(process.argv.includes('--full')
      ? run(shapes, [2, 3, 5, 10, 20, 50, 100], [0.3, 0.5, 0.7, 0.8, 0.9, 0.95], false)
      : run(shapes, [2, 5, 20, 100], [0.5, 0.7, 0.8, 0.9, 0.95], false)),
    ...run(judges, [4, 12, 40], [0.6, 0.85, 0.93], true),
  ].filter(({ servers, load }) => waitProbability({ offeredLoadErlangs: servers * load, servers }) > 0.01);
  return setups.map((setup) => {
    const length = jobs * (setup.load > 0.85 ? 2.5 : 1);
    return { ...simulateWait({ ...setup, jobs: length }), ...setup, shape: serviceShape(setup.service) };
  });
}

/** Pareto with exponent 1.5 between 1 and `ratio`, as 100,000 samples of mean 1. */
function boundedPareto(ratio: number): ServiceDistribution {
  const high = ratio ** -1.5;
  const values = Float64Array.from(
    { length: 100_000 },
    (_, i) => (1 - ((i + 0.5) / 100_000) * (1 - high)) ** (-1 / 1.5),
  );
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { kind: 'measured', samples: values.map((x) => x / mean) };
}

function asFit(point: readonly number[]): WaitFit {
  return Object.fromEntries(Object.keys(waitFit).map((key, i) => [key, point[i]])) as unknown as WaitFit;
}

/** Small errors count by their square, large ones by their size; the mean and the high quantiles count most. */
function loss(fit: WaitFit, list: readonly FitCell[]): number {
  const weights = [5, 0.1, 0.3, 0.7, 1, 1.2, 1.4, 1.4];
  const cost = (error: number) => (Math.abs(error) < 0.04 ? error ** 2 / 0.04 : 2 * Math.abs(error) - 0.04);
  let sum = 0;
  let weight = 0;
  for (const cell of list) {
    const trust = 1 / (1 + cell.uncertainty / 0.03);
    for (const [i, error] of errorsOf(fit, cell).entries()) {
      sum += trust * (weights[i] as number) * cost(error);
      weight += trust * (weights[i] as number);
    }
  }
  return Number.isFinite(sum) ? sum / weight : Number.POSITIVE_INFINITY;
}

/** Of the mean, then of -ln P at each simulated quantile, which is the error of that quantile to first order. */
function errorsOf(fit: WaitFit, cell: FitCell): number[] {
  const wait = new ConditionalWait(cell.shape, { utilization: cell.load, servers: cell.servers }, fit);
  const atQuantiles = waitShares.map(
    (share, i) => Math.log(wait.exceedance(cell.quantiles[i] as number)) / Math.log(1 - share) - 1,
  );
  return [wait.mean / cell.mean - 1, ...atQuantiles];
}

function report(title: string, fit: WaitFit, list: readonly FitCell[]): void {
  const errors: NamedErrors = { 'P(wait)': [], 'P(wait) by Erlang C': [], 'mean of waits': [] };
  for (const cell of list) {
    const { shape, servers, load } = cell;
    const erlang = waitProbability({ offeredLoadErlangs: servers * load, servers });
    const corrected = erlang * Math.exp(variabilityIndex(shape) * constantServiceEffect(load, servers));
    errors['P(wait)']?.push(corrected / cell.waitProbability - 1);
    errors['P(wait) by Erlang C']?.push(erlang / cell.waitProbability - 1);
    const [mean, ...atQuantiles] = errorsOf(fit, cell);
    errors['mean of waits']?.push(mean as number);
    for (const [i, error] of atQuantiles.entries())
      (errors[`p${100 * (waitShares[i] as number)} of waits`] ??= []).push(error);
  }
  printTable(`${title}, ${list.length} cells`, ['figure', 'mean error', 'worst'], errorTable(errors));
}
