// How fast the simulator is beside a C loop, and how well it agrees with exact and published values.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandomStream } from '@capplan/random';
import {
  createRateArrivals,
  createServiceSource,
  PoolSimulation,
  RatePath,
  readScenario,
  runQuantilesSec,
  simulate,
} from '@capplan/simulation';
import { agreement } from './simulation-agreement.ts';

const args = process.argv.slice(2);
const option = (name: string, fallback: number) => {
  const at = args.indexOf(name);
  return at < 0 ? fallback : Number(args.splice(at, 2)[1]);
};
const agreementJobs = option('--jobs', 10_000_000);
const folder = args.find((word) => !word.startsWith('--'));

interface Measured {
  jobsPerSec: number;
  waitMean: number;
  waitShare: number;
}

function engine(servers: number, rho: number, jobs: number): Measured {
  const random = createRandomStream(1);
  const rate = servers * rho;
  const horizonSec = jobs / rate;
  const simulation = new PoolSimulation({
    random,
    horizonSec,
    // As a day by the minute.
    intervalSec: horizonSec / 1440,
    arrivals: createRateArrivals(RatePath.constant(rate, horizonSec), { kind: 'poisson' }, random.fork('arrivals')),
    services: createServiceSource({ kind: 'exponential', meanSec: 1 }, random.fork('services')),
    workers: servers,
    concurrency: 1,
    startup: 0,
  });
  const before = process.cpuUsage();
  const { measured, jobs: account } = simulation.finish();
  // Processor time, of all threads: other load on the machine says little about the engine.
  const { user, system } = process.cpuUsage(before);
  const sec = (user + system) / 1e6;
  runQuantilesSec(measured, 'response', [0.5, 0.95, 0.99]);
  return {
    jobsPerSec: account.arrived / sec,
    waitMean: measured.sumWaitSec / measured.completions,
    waitShare: measured.waited / measured.completions,
  };
}

function buildReference(): { binary: string; folder: string } | undefined {
  const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (!compiler) return undefined;
  const place = mkdtempSync(join(tmpdir(), 'capplan-bench-'));
  const binary = join(place, 'mmc-reference');
  execFileSync(compiler, ['-O2', '-o', binary, new URL('mmc-reference.c', import.meta.url).pathname, '-lm']);
  return { binary, folder: place };
}

function reference(binary: string, servers: number, rho: number, jobs: number, histograms: boolean): Measured {
  const out = execFileSync(binary, [servers, rho, jobs, histograms ? 1 : 0].map(String), { encoding: 'utf8' });
  const [jobsPerSec, waitMean, waitShare] = out.split(' ').map(Number) as [number, number, number];
  return { jobsPerSec, waitMean, waitShare };
}

const best = (runs: Measured[]) => runs.reduce((a, b) => (b.jobsPerSec > a.jobsPerSec ? b : a));
const million = (value: number) => `${(value / 1e6).toFixed(1)} M`;
const print = (line: string) => process.stdout.write(`${line}\n`);

function speed(): void {
  const built = buildReference();
  print(
    'engine, M/M/c at 0.9, jobs per second of processor time, every job with wait and response histograms and a timeline of 1440 intervals',
  );
  print('  servers     jobs/s | C, means only  ratio | C, histograms  ratio |  mean wait  P(wait)');
  for (const servers of [1, 10, 50, 100, 350]) {
    const ours: Measured[] = [];
    const means: Measured[] = [];
    const bins: Measured[] = [];
    // In turn, so that other load on the machine meets all three alike; the best of each counts.
    for (let round = 0; round < 5; round++) {
      ours.push(engine(servers, 0.9, 5_000_000));
      if (built) {
        means.push(reference(built.binary, servers, 0.9, 5_000_000, false));
        bins.push(reference(built.binary, servers, 0.9, 5_000_000, true));
      }
    }
    const own = best(ours);
    const beside = (runs: Measured[]) =>
      runs.length === 0
        ? '     no compiler'
        : `${million(best(runs).jobsPerSec).padStart(10)}     ${(own.jobsPerSec / best(runs).jobsPerSec).toFixed(2)}`;
    print(
      `  ${String(servers).padStart(5)} ${million(own.jobsPerSec).padStart(10)} | ${beside(means)} | ${beside(bins)} | ` +
        `${own.waitMean.toFixed(5).padStart(10)}  ${own.waitShare.toFixed(4)}`,
    );
  }
  if (built) rmSync(built.folder, { recursive: true });
}

function timed(title: string, input: object, rounds = 5): void {
  const read = readScenario(input);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  let bestSec = Number.POSITIVE_INFINITY;
  let processorSec = Number.POSITIVE_INFINITY;
  let jobs = 0;
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    const before = process.cpuUsage();
    const outcome = simulate(read.scenario);
    const { user, system } = process.cpuUsage(before);
    bestSec = Math.min(bestSec, (performance.now() - startedMs) / 1000);
    processorSec = Math.min(processorSec, (user + system) / 1e6);
    if (outcome.ok) jobs = outcome.result.jobsSimulated;
  }
  print(
    `  ${title.padEnd(52)} ${bestSec.toFixed(2)} s (processor ${processorSec.toFixed(2)} s), ${million(jobs)} jobs`,
  );
}

function scenarios(): void {
  print('\nwhole scenarios: one replication, timeline and summary');
  const service = { distribution: 'exponential', mean: '1s' };
  const objective = { latency: '3s', percentile: 0.95 };
  const once = { replications: 1, objective, interval: '1m' };
  const daily = { pattern: 'sinusoidal', mean: 150, amplitude: 90, period: '24h', peak_at: '14h' };
  const constant = { pattern: 'constant', rate: 150 };
  timed('24 h at 150 jobs/s, constant (asked: < 2 s)', {
    ...once,
    horizon: '24h',
    traffic: constant,
    service,
    capacity: { workers: 170 },
  });
  timed('24 h at 150 jobs/s, daily wave, workers by schedule', {
    ...once,
    horizon: '24h',
    traffic: daily,
    service: { distribution: 'lognormal', mean: '1s', scv: 2 },
    concurrency: 4,
    startup: '60s',
    capacity: {
      schedule: [
        { at: 0, workers: 30 },
        { at: '7h', workers: 50 },
        { at: '10h', workers: 68 },
        { at: '19h', workers: 50 },
        { at: '22h', workers: 34 },
      ],
    },
  });
  timed('24 h at 150 jobs/s, with failures and retries', {
    ...once,
    horizon: '24h',
    traffic: constant,
    service,
    capacity: { workers: 180 },
    failures: { error_rate: 0.02, retry: { attempts_max: 3 }, crashes: { mean_time_between: '4h' } },
  });
  timed('7 d at 15 jobs/s', {
    ...once,
    interval: '5m',
    horizon: '7d',
    traffic: { ...daily, mean: 15, amplitude: 9 },
    service,
    capacity: { workers: 28 },
  });
  const trial = readScenario({
    horizon: '1h',
    interval: '1m',
    replications: 1,
    objective,
    traffic: { pattern: 'constant', rate: 20 },
    service,
    capacity: { workers: 26 },
  });
  if (!trial.ok) throw new Error('the trial is not a scenario');
  const startedMs = performance.now();
  for (let seed = 0; seed < 200; seed++) simulate({ ...trial.scenario, seed });
  const perMinute = (200 / (performance.now() - startedMs)) * 60_000;
  print(`  one-hour trials at 20 jobs/s on one core: ${Math.round(perMinute)} a minute`);
}

function memory(): void {
  print('\nmemory: 100 million jobs, one replication');
  for (const workers of [11, 8]) {
    const read = readScenario({
      horizon: '7d',
      interval: '10m',
      replications: 1,
      traffic: { pattern: 'constant', rate: 165 },
      service: { distribution: 'exponential', mean: '60ms' },
      capacity: { workers },
    });
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    let peak = 0;
    const outcome = simulate(read.scenario, {
      onProgress: () => {
        peak = Math.max(peak, process.memoryUsage.rss());
      },
    });
    if (!outcome.ok) throw new Error(outcome.detail);
    const backlog = outcome.result.pools[0]!.summary.backlogMax.mean;
    print(
      `  ${workers} workers: ${million(outcome.result.jobsSimulated)} jobs, largest backlog ${million(backlog)}, ` +
        `peak resident memory of the process ${Math.round(peak / 2 ** 20)} MiB`,
    );
  }
}

const only = args.includes('--time-varying-only') ? 'time-varying' : undefined;
if (!args.includes('--agreement-only') && !only) {
  speed();
  scenarios();
  memory();
}
const references = [folder, folder && join(folder, 'queueing')].find(
  (place) => place && existsSync(join(place, 'mmc-exact.json')),
);
if (references) agreement(references, agreementJobs, print, only);
else print('\nagreement: skipped, no folder with mmc-exact.json, mgc-sim.json and mt-m-st.json was given');
