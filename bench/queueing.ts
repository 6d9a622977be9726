// How right the queueing formulas are beside exact and simulated values, and how fast they are.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  blockingProbability,
  constantServiceQueue,
  type QueueSolution,
  type ServiceDistribution,
  type SizeQuery,
  sinusoidalLoad,
  size,
  solveMgc,
  solveMmc,
} from '@capplan/queueing';
import { meanWaitFormulas } from './queueing-formulas.ts';
import { errorTable, type NamedErrors, printTable } from './queueing-tables.ts';
import { waitProbabilityRange } from './queueing-time-varying.ts';

const [folder] = process.argv.slice(2);
const source = ['queueing', '.']
  .map((part) => join(folder ?? '', part))
  .find((path) => existsSync(join(path, 'mgc-sim.json')));
if (folder === undefined || source === undefined) {
  process.stdout.write(
    'accuracy skipped: give the folder that holds mmc-exact.json, mgc-sim.json and mt-m-st.json\n\n',
  );
} else {
  exactCells(read('mmc-exact.json'));
  generalCells(read('mgc-sim.json').mgc as SimulatedCell[]);
  timeVarying(read('mt-m-st.json'));
}
speed();

function read(name: string): Record<string, Record<string, number>[]> & { mgc: unknown } {
  return JSON.parse(readFileSync(join(source as string, name), 'utf8'));
}

function exactCells(file: Record<string, Record<string, number>[]>): void {
  const errors: NamedErrors = {};
  const note = (name: string, mine: number, exact: number) => {
    (errors[name] ??= []).push(exact === 0 ? Math.abs(mine) : Math.abs(mine / exact - 1));
  };
  for (const cell of file.mmc ?? []) {
    const { c, offered } = cell as { c: number; offered: number };
    const queue = solved(solveMmc({ arrivalRatePerSec: offered, serviceTimeSecMean: 1, servers: c }));
    note('Erlang B', blockingProbability({ offeredLoadErlangs: offered, servers: c }), cell.erlangB as number);
    note('Erlang C', queue.waitProbability, cell.erlangC as number);
    note('Wq, Lq', queue.waitSecMean, cell.Wq as number);
    note('Wq, Lq', queue.queueLengthMean, cell.Lq as number);
    for (const [name, p] of [
      ['p50', 0.5],
      ['p90', 0.9],
      ['p95', 0.95],
      ['p99', 0.99],
      ['p999', 0.999],
    ] as const) {
      note('quantiles of wait', queue.waitSecQuantile(p), cell[`W_${name}`] as number);
      note('quantiles of response', queue.responseSecQuantile(p), cell[`T_${name}`] as number);
    }
  }
  for (const cell of file.erlangB ?? []) {
    const { c, offered } = cell as { c: number; offered: number };
    note(
      'Erlang B, overload',
      blockingProbability({ offeredLoadErlangs: offered, servers: c }),
      cell.erlangB as number,
    );
  }
  for (const cell of file.MDc ?? []) {
    const { c, rho } = cell as { c: number; rho: number };
    const exact = constantServiceQueue({ offeredLoadErlangs: c * rho, servers: c });
    note('M/D/c mean wait', exact.waitMean, cell.Wq as number);
  }
  let right = 0;
  const staffing = file.staffing ?? [];
  for (const row of staffing as unknown as {
    lambda: number;
    mu: number;
    kind: string;
    tau_or_target: number;
    level: number;
    min_c: number;
  }[]) {
    const isWait = row.kind.startsWith('P(W');
    const query: SizeQuery = {
      arrivalRatePerSec: row.lambda,
      service: { kind: 'exponential', meanSec: 1 / row.mu },
      latency: {
        of: isWait ? 'wait' : 'response',
        percentile: isWait ? 1 - row.level : row.level,
        targetSec: row.tau_or_target,
      },
    };
    const answer = size(query);
    if (answer.ok && answer.workers === row.min_c) right++;
  }
  printTable(
    `M/M/c, ${file.mmc?.length} exact cells, c to 10,000: largest relative error`,
    ['figure', 'largest'],
    Object.entries(errors).map(([name, list]) => [name, Math.max(...list).toExponential(1)]),
  );
  process.stdout.write(`fewest servers: ${right} of ${staffing.length} cases exact\n\n`);
}

interface SimulatedCell extends Record<string, number | string> {
  dist: string;
  scv: number;
  c: number;
  rho: number;
}

function generalCells(cells: SimulatedCell[]): void {
  const means: NamedErrors = { ours: [] };
  const quantiles: Record<string, NamedErrors> = {};
  for (const cell of cells) {
    const service = serviceOf(cell.dist);
    const setup = { servers: cell.c, load: cell.rho, service };
    const queue = solved(solveMgc({ arrivalRatePerSec: cell.c * cell.rho, service, servers: cell.c }));
    const simulated = cell.Wq as number;
    // Where hardly any job waits, the simulated mean itself is too uncertain to compare with.
    if (cell.c >= 2 && (cell.Wq_hw as number) < 0.05 * simulated) {
      means.ours?.push(queue.waitSecMean / simulated - 1);
      for (const [name, formula] of Object.entries(meanWaitFormulas)) {
        (means[name] ??= []).push(formula(setup) / simulated - 1);
      }
    }
    const group = (quantiles[cell.scv > 4 ? 'scv 16' : 'scv ≤ 4'] ??= {});
    const note = (name: string, mine: number) => {
      const simulated = cell[name] as number;
      if (simulated > 0) (group[name] ??= []).push(beyondInterval(mine, simulated, cell[`${name}_hw`] as number));
    };
    note('Pwait', queue.waitProbability);
    for (const [name, p] of [
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const)
      note(`W_${name}`, queue.waitSecQuantile(p));
    for (const [name, p] of [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const)
      note(`T_${name}`, queue.responseSecQuantile(p));
  }
  printTable(
    `M/G/c, mean wait, ${means.ours?.length} simulated cells with c ≥ 2 and a mean known to 5 %`,
    ['formula', 'mean error', 'worst'],
    errorTable(means),
  );
  for (const [name, errors] of Object.entries(quantiles)) {
    printTable(
      `M/G/c, ours, ${name}: errors beyond the interval of the simulation`,
      ['figure', 'mean error', 'worst'],
      errorTable(errors),
    );
  }
}

/** The relative error, less what the simulation itself leaves open: half its interval, and the width of its bins. */
function beyondInterval(mine: number, simulated: number, halfWidth: number): number {
  const error = mine - simulated;
  return (Math.sign(error) * Math.max(0, Math.abs(error) - halfWidth - 0.003 * simulated)) / simulated;
}

function timeVarying(file: Record<string, Record<string, number | string>[]>): void {
  let ratio = 0;
  let lag = 0;
  for (const row of (file.mol ?? []) as unknown as {
    dist: string;
    gamma: number;
    amplitude_ratio: number;
    lag: number;
  }[]) {
    const mine = sinusoidalLoad({ service: serviceOf(row.dist), periodSec: (2 * Math.PI) / row.gamma });
    ratio = Math.max(ratio, Math.abs(mine.ratio - row.amplitude_ratio));
    lag = Math.max(lag, Math.abs(mine.lagSec - row.lag));
  }
  process.stdout.write(
    `infinite-server load under a sine wave: amplitude within ${ratio.toExponential(1)}, lag within ${lag.toExponential(1)}\n\n`,
  );
  const rows: string[][] = [];
  for (const [text, mean, swing, period] of [
    ['λ = 100 + 20 sin t', 100, 20, 2 * Math.PI],
    ['λ = 30 + 20 sin 5t', 30, 20, (2 * Math.PI) / 5],
    ['a day of half-hour jobs, λ = 120 + 80 sin', 60, 40, 48],
  ] as const) {
    for (const rule of ['modified offered load', 'pointwise'] as const) {
      const { low, high, servers } = waitProbabilityRange({ mean, swing, period, target: 0.1, rule });
      rows.push([text, rule, servers.toFixed(1), low.toFixed(3), high.toFixed(3)]);
    }
  }
  printTable(
    'M_t/M/s_t sized for P(wait) = 0.1, by its forward equations',
    ['load', 'sized by', 'servers', 'least', 'most'],
    rows,
  );
}

function speed(): void {
  const rows: string[][] = [];
  // The textbook way to one Erlang C at 1,000 servers: what a machine, however busy, is measured by.
  const recursionSec = timeOf(() => {
    let inverse = 1;
    for (let n = 1; n <= 1000; n++) inverse = 1 + (n / 970) * inverse;
    return inverse;
  });

  for (const [shape, service] of [
    ['exponential', { kind: 'exponential', meanSec: 1 }],
    ['log-normal, scv 4', { kind: 'lognormal', meanSec: 1, scv: 4 }],
    ['constant', { kind: 'deterministic', meanSec: 1 }],
  ] as const) {
    for (const load of [10, 970, 99_000]) {
      for (const [name, latency] of [
        ['p95 wait ≤ 0.05', { of: 'wait', percentile: 0.95, targetSec: 0.05 }],
        ['p95 response ≤ 6', { of: 'response', percentile: 0.95, targetSec: 6 }],
      ] as const) {
        const query: SizeQuery = { arrivalRatePerSec: load, service, latency };
        const answer = size(query);
        const sec = timeOf(() => size(query));
        rows.push([
          shape,
          name,
          answer.ok ? String(answer.workers) : '-',
          `${(1e6 * sec).toFixed(0)} µs`,
          (sec / recursionSec).toFixed(1),
        ]);
      }
    }
  }
  printTable(
    'size, one core, best of many rounds; the last column in units of one plain Erlang recursion over 1,000 servers',
    ['service', 'objective', 'servers', 'time', 'recursions'],
    rows,
  );
}

/** Seconds a call takes: the best of many rounds too short to be interrupted in each, after a warm-up. */
function timeOf(call: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 150; round++) {
    const begin = performance.now();
    for (let i = 0; i < 20; i++) call();
    if (round > 20) best = Math.min(best, (performance.now() - begin) / 1000 / 20);
  }
  return best;
}

function solved(result: { ok: true; queue: QueueSolution } | { ok: false; detail: string }): QueueSolution {
  if (!result.ok) throw new Error(result.detail);
  return result.queue;
}

function serviceOf(text: string): ServiceDistribution {
  const [name, value] = text.split(':');
  const scv = Number(value);
  switch (name) {
    case 'D':
      return { kind: 'deterministic', meanSec: 1 };
    case 'M':
      return { kind: 'exponential', meanSec: 1 };
    case 'E2':
      return { kind: 'erlang', meanSec: 1, shape: 2 };
    case 'H2':
      return { kind: 'hyperexponential', meanSec: 1, scv };
    case 'LN':
      return { kind: 'lognormal', meanSec: 1, scv };
    default:
      throw new Error(`unknown service distribution '${text}'`);
  }
}
