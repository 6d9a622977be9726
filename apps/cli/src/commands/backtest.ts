import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Backtest, backtest, type Rival, rivals } from '@capplan/replay';
import { backtestJson, backtestTable, decisionsCsv } from '../backtest-output.ts';
import { backtestReport } from '../backtest-report.ts';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { parseDurationSec, parseNumber } from '../durations.ts';
import { readPolicyFile } from '../policy-file.ts';
import { readServiceDistribution, serviceHelp } from '../service-distribution.ts';
import { parseMoment, parseTimeZone, timeZoneHelp } from '../time-zone.ts';
import { readTraceFile } from '../trace-file.ts';

const help = `usage: capplan backtest FILE.csv --policy POLICY.yaml --service-time LENGTH [options]

Replays a recorded trace through the real decision code and simulates every job: what would this policy have done, what
would it have cost, and what would other controllers have made of the same jobs?
FILE.csv has the columns timestamp,arrival_rate (arrivals per second, oldest first; missing rows are unknown).

  --policy FILE          the policy, YAML or JSON
  --service-time LENGTH  mean time a job holds a slot, such as 4s
${serviceHelp}
  --startup-delay LENGTH order to first job of a new worker (default 120s)
  --concurrency N        slots of one worker (default 1)
  --load W               scale the trace so that the replayed stretch offers the work of W workers on average
${timeZoneHelp.replace('ZONE  ', 'ZONE    ')}
  --from TIME            first moment replayed, ISO 8601 (default: --eval before the end)
  --eval LENGTH          how much is replayed (default 7d, or three quarters of a shorter trace)
  --history LENGTH       how much before that the forecaster may learn from (default 56d)
  --within held|interpolated
                         demand inside intervals of more than a minute: flat (default), or along straight lines
  --every LENGTH         time between two decisions, a multiple of 15s (default 15s)
  --against LIST         any of ${rivals.join(', ')} (default hpa,keda,static,oracle; none for none)
  --worker-cost MONEY    one worker for one hour (default 1); violations cost what the policy says
  --seed N               chance: arrivals inside intervals, service times (default 1)
  --decisions OUT.csv    writes every order as time_s,workers (seconds since the start of the replay)
  --report OUT.html      writes a report with charts that opens from disk
  --json                 one JSON object instead of a table

Windows are minutes; one is kept when at least 95 % of the jobs that arrived in it met the target. Worker-hours run from
the order of a worker until it is gone. hpa: Kubernetes' rule on 70 % utilisation; keda: one job per slot, keda-0.7:
0.7 jobs per slot; static: the peak's workers all the time; oracle: knows all rates ahead.

exit codes: 0 done, 2 bad input, 3 no number of workers meets the objective

example: capplan backtest trace.csv --policy policy.yaml --service-time 4s --service lognormal:1 --startup-delay 120s --load 40
`;

/** `capplan backtest`: a policy on a recorded trace, beside other controllers. */
export const command: Command = {
  name: 'backtest',
  summary: 'what a policy would have done on a recorded trace, beside other autoscalers',
  help,
  run,
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      policy: { type: 'string' },
      'service-time': { type: 'string' },
      service: { type: 'string', default: 'exponential' },
      'startup-delay': { type: 'string', default: '120s' },
      concurrency: { type: 'string', default: '1' },
      load: { type: 'string' },
      'time-zone': { type: 'string' },
      from: { type: 'string' },
      eval: { type: 'string' },
      history: { type: 'string', default: '56d' },
      within: { type: 'string', default: 'held' },
      every: { type: 'string', default: '15s' },
      against: { type: 'string', default: 'hpa,keda,static,oracle' },
      'worker-cost': { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      decisions: { type: 'string' },
      report: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [file, ...extra] = positionals;
  if (file === undefined || extra.length > 0) throw new InputError('name one trace file: capplan backtest FILE.csv …');
  if (values.policy === undefined) throw new InputError('--policy: name the policy file, YAML or JSON');
  const policy = readPolicyFile(values.policy);
  const meanSec =
    values['service-time'] === undefined ? undefined : parseDurationSec(values['service-time'], '--service-time');
  const service = await readServiceDistribution(values.service, { meanSec, option: '--service' });
  const zone = parseTimeZone(values['time-zone']);
  const { trace, notices } = await readTraceFile(file, zone);
  for (const notice of notices) io.stderr.write(`${file}: ${notice}\n`);

  const { load, from, eval: evaluated } = values;
  const result = backtest({
    trace,
    policy,
    service,
    startupDelaySec: parseDurationSec(values['startup-delay'], '--startup-delay'),
    concurrency: parseNumber(values.concurrency, '--concurrency', { min: 1, max: 10_000, integer: true }),
    ...(load !== undefined && { loadWorkers: parseNumber(load, '--load', { min: 0.001, max: 1_000_000 }) }),
    ...(from !== undefined && { fromMs: parseMoment(from, '--from', zone) }),
    ...(evaluated !== undefined && { evalDays: parseDurationSec(evaluated, '--eval') / 86_400 }),
    historyDays: parseDurationSec(values.history, '--history') / 86_400,
    within: parseWithin(values.within),
    decisionPeriodSec: parseEvery(values.every),
    against: parseRivals(values.against),
    workerCostPerHour: parseNumber(values['worker-cost'], '--worker-cost', { min: 0 }),
    seed: parseNumber(values.seed, '--seed', { integer: true }),
    onRun: (name) => io.stderr.write(`simulating ${name} …\n`),
  });
  if (!result.ok) {
    if (result.reason !== 'unreachable_objective') throw new InputError(`${file}: ${result.detail}`);
    io.stderr.write(`capplan backtest: ${result.detail}\n`);
    return exitCodes.infeasible;
  }
  await writeOutputs(result.backtest, values);
  io.stdout.write(
    values.json
      ? `${JSON.stringify({ ...backtestJson(result.backtest), notes: notices })}\n`
      : backtestTable(result.backtest),
  );
  return exitCodes.ok;
}

async function writeOutputs(
  result: Backtest,
  { decisions, report }: { decisions?: string | undefined; report?: string | undefined },
): Promise<void> {
  if (decisions !== undefined) await writeOrExplain(decisions, decisionsCsv(result.planner.run));
  if (report !== undefined) await writeOrExplain(report, backtestReport(result));
}

async function writeOrExplain(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new InputError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

function parseWithin(text: string): 'held' | 'interpolated' {
  if (text === 'held' || text === 'interpolated') return text;
  throw new InputError(`--within: '${text}' is neither held nor interpolated`);
}

function parseEvery(text: string): number {
  const sec = parseDurationSec(text, '--every');
  if (!(sec >= 15 && sec <= 3600 && sec % 15 === 0)) {
    throw new InputError(`--every: '${text}' is not a multiple of 15s from 15s to 1h`);
  }
  return sec;
}

function parseRivals(text: string): Rival[] {
  if (text === 'none' || text.trim() === '') return [];
  return text.split(',').map((word) => {
    const known = rivals.find((rival) => rival === word.trim());
    if (!known) throw new InputError(`--against: '${word}' is none of ${rivals.join(', ')}`);
    return known;
  });
}
