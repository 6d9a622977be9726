import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Policy } from '@capplan/contracts';
import type { ServiceDistribution } from '@capplan/queueing';
import { backtest, policyOfDraft, type Validation, validationOf, validationWorkloads } from '@capplan/replay';
import type { ArrivalTrace } from '@capplan/traces';
import { alignedTable } from '../aligned-table.ts';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { parseDurationSec, parseNumber } from '../durations.ts';
import { readPolicyFile } from '../policy-file.ts';
import { readServiceDistribution, serviceHelp } from '../service-distribution.ts';
import { readTraceFile } from '../trace-file.ts';

const help = `usage: capplan validate FOLDER [options]

Runs the validation suite: backtests of every trace in FOLDER (*.csv, timestamp,arrival_rate), of made-up ordinary
demand and of edge cases, each scored from 0 to 1:

  accuracy    were promises kept? mean of: windows within the target against the error budget, worker cost against
              what the decisions said it would be, coverage of the forecast's 90 % band against 90 %
  stability   share of changes not taken back within 10 minutes; 0 if two changes ever fell into one cooldown
  efficiency  worker-hours of a controller that knows the future, over those used
  overall     the mean of the three

  --policy FILE          the policy (default: p95 response of 20s, up to 10000 workers)
  --service-time LENGTH  mean time a job holds a slot (default 4s, unless --service is a file)
${serviceHelp}
  --startup-delay LENGTH order to first job of a new worker (default 120s)
  --load W               mean offered load that each trace is scaled to, workers (default 40)
  --eval LENGTH          how much of the end of each trace is replayed (default 7d, or three quarters of a shorter one)
  --only recorded|made   one part of the suite
  --seed N               chance (default 1)
  --json                 one JSON object instead of a table

Without --service the service time is log-normal with scv 1.

exit codes: 0 done, 2 bad input

example: capplan validate traces --policy policy.yaml --service-time 4s
`;

/** `capplan validate`: the validation suite over a folder of traces. */
export const command: Command = {
  name: 'validate',
  summary: 'score accuracy, stability and efficiency of the decisions over a folder of traces',
  help,
  run,
};

type Kind = 'recorded' | 'synthetic' | 'edge case';

interface Setting {
  policy: Policy;
  service: ServiceDistribution;
  startupDelaySec: number;
  loadWorkers: number;
  evalDays: number | undefined;
  seed: number;
}

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      policy: { type: 'string' },
      'service-time': { type: 'string' },
      service: { type: 'string', default: 'lognormal:1' },
      'startup-delay': { type: 'string', default: '120s' },
      load: { type: 'string', default: '40' },
      eval: { type: 'string' },
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const [folder, ...extra] = positionals;
  if (folder === undefined || extra.length > 0) throw new InputError('name one folder: capplan validate FOLDER');
  if (values.only !== undefined && values.only !== 'recorded' && values.only !== 'made') {
    throw new InputError(`--only: '${values.only}' is neither recorded nor made`);
  }
  const isFile = /\.csv$/i.test(values.service);
  const serviceTime = values['service-time'] ?? (isFile ? undefined : '4s');
  const meanSec = serviceTime === undefined ? undefined : parseDurationSec(serviceTime, '--service-time');
  const setting: Setting = {
    policy: values.policy === undefined ? defaultPolicy() : readPolicyFile(values.policy),
    service: await readServiceDistribution(values.service, { meanSec, option: '--service' }),
    startupDelaySec: parseDurationSec(values['startup-delay'], '--startup-delay'),
    loadWorkers: parseNumber(values.load, '--load', { min: 0.001, max: 1_000_000 }),
    evalDays: values.eval === undefined ? undefined : parseDurationSec(values.eval, '--eval') / 86_400,
    seed: parseNumber(values.seed, '--seed', { integer: true }),
  };

  const suite: { kind: Kind; trace: ArrivalTrace }[] = [];
  if (values.only !== 'made') suite.push(...(await recordedIn(folder, io)));
  if (values.only !== 'recorded') suite.push(...validationWorkloads(setting.seed));
  const results: { kind: Kind; validation: Validation }[] = [];
  const skipped: { trace: string; reason: string }[] = [];
  for (const { kind, trace } of suite) {
    if (io.signal.aborted) return exitCodes.interrupted;
    io.stderr.write(`${trace.name} …\n`);
    const outcome = validateOne(trace, setting);
    if ('reason' in outcome) skipped.push({ trace: trace.name, reason: outcome.reason });
    else results.push({ kind, validation: outcome });
    await new Promise((resolve) => setImmediate(resolve));
  }
  io.stdout.write(values.json ? `${JSON.stringify(asJson(results, skipped))}\n` : asTable(results, skipped));
  return exitCodes.ok;
}

function validateOne(trace: ArrivalTrace, { evalDays, ...setting }: Setting): Validation | { reason: string } {
  const result = backtest({ trace, ...setting, ...(evalDays !== undefined && { evalDays }), against: ['oracle'] });
  return result.ok ? validationOf(result.backtest, setting.policy) : { reason: result.detail };
}

async function recordedIn(folder: string, io: CommandIo): Promise<{ kind: 'recorded'; trace: ArrivalTrace }[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => /\.csv$/i.test(name)).sort();
  } catch (error) {
    throw new InputError(`${folder}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  if (names.length === 0) throw new InputError(`${folder}: no .csv file in it`);
  const recorded: { kind: 'recorded'; trace: ArrivalTrace }[] = [];
  for (const name of names) {
    const { trace, notices } = await readTraceFile(join(folder, name));
    for (const notice of notices) io.stderr.write(`${name}: ${notice}\n`);
    recorded.push({ kind: 'recorded', trace });
  }
  return recorded;
}

function defaultPolicy(): Policy {
  const read = policyOfDraft({
    name: 'validation',
    mode: 'auto',
    slo: { p95_latency: '20s' },
    scaling: { min_workers: 1, max_workers: 10_000 },
  });
  if (!read.ok) throw new Error(read.problems.join('; '));
  return read.policy;
}

type Part = 'accuracy' | 'stability' | 'efficiency' | 'overall';

function meanOf(results: readonly { validation: Validation }[], part: Part): number {
  return results.reduce((sum, { validation }) => sum + validation[part], 0) / results.length;
}

function asJson(
  results: readonly { kind: Kind; validation: Validation }[],
  skipped: readonly { trace: string; reason: string }[],
) {
  const parts = ['overall', 'accuracy', 'stability', 'efficiency'] as const;
  const [overall, accuracy, stability, efficiency] = parts.map((part) =>
    results.length > 0 ? meanOf(results, part) : null,
  );
  return {
    overall_score: overall,
    accuracy,
    stability,
    efficiency,
    details: results.map(({ kind, validation }) => ({
      trace: validation.trace,
      kind,
      accuracy: validation.accuracy,
      slo_kept: validation.sloKept,
      cost_kept: validation.costKept,
      band_kept: validation.bandKept,
      stability: validation.stability,
      efficiency: validation.efficiency,
      overall: validation.overall,
      cooldown_breaches: validation.cooldownBreaches,
    })),
    skipped,
  };
}

function asTable(
  results: readonly { kind: Kind; validation: Validation }[],
  skipped: readonly { trace: string; reason: string }[],
): string {
  const score = (value: number): string => value.toFixed(3);
  const header = ['trace', 'kind', 'SLO', 'cost', 'band', 'accuracy', 'stability', 'efficiency', 'overall'];
  const rows = results.map(({ kind, validation: v }) => [
    v.trace,
    kind,
    ...[v.sloKept, v.costKept, v.bandKept, v.accuracy, v.stability, v.efficiency, v.overall].map(score),
  ]);
  if (results.length > 0) {
    const parts = ['accuracy', 'stability', 'efficiency', 'overall'] as const;
    rows.push(['mean', '', '', '', '', ...parts.map((part) => score(meanOf(results, part)))]);
  }
  const notes = skipped.map(({ trace, reason }) => `skipped ${trace}: ${reason}`);
  return `${[...alignedTable(header, rows), ...notes].join('\n')}\n`;
}
