import { parseArgs } from 'node:util';
import { type ServiceDistribution, type SizeQuery, size } from '@capplan/queueing';
import { answerLines } from '../answer-lines.ts';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { parseDurationSec, parseNumber, parseShare } from '../durations.ts';
import { QuestionFields } from '../question-fields.ts';
import { readServiceDistribution, serviceHelp } from '../service-distribution.ts';
import { ServiceReader } from '../service-reader.ts';
import { sizeReport, sizeText } from '../size-report.ts';

const help = `usage: capplan size --arrival-rate R --service-time LENGTH [objectives] [options]
       capplan size --stdin < questions.jsonl

How many workers keep the objectives, which of them decides, and what would one more or one fewer do?

  --arrival-rate R     jobs offered per second
  --service-time LEN   mean time a job holds a slot, such as 250ms, 2.1s, 5m
${serviceHelp}
  --concurrency N      jobs that one worker does at a time (default 1)
  --arrival-dispersion I   variance / mean of arrival counts, 1 (default) for Poisson traffic, more for bursts

objectives, all of which will hold; of the latency one:
  --p50-latency LEN    also --p90-, --p95-, --p99-latency: that percentile of the latency is at most LEN
  --within LEN --share X    a share X of the jobs, such as 80%, has a latency of at most LEN: any percentile
  --of wait|response   what latency means: time in the queue, or with service (default response)
  --max-p-wait X       share of jobs that may have to wait at all
  --max-backlog N      jobs waiting, in 99 % of the time
  --max-utilization X  busy share of the slots
  --backlog N --drain-time LEN    a backlog that is there now is gone within that time
  --availability X --worker-up Y  enough workers are up in a share X of the time, each by itself in a share Y
  --min-workers N, --max-workers N

  --json               one JSON object: feasible, workers, servers, binding, why, required, at_size,
                       sensitivity {one_fewer, one_more}, queue; or feasible:false with reason and detail
  --stdin              one question a line, with the options as fields: arrival_rate, service_time_s, service,
                       concurrency, p95_latency_s, within_s, share, of, max_p_wait, max_backlog, backlog, drain_time_s, …;
                       one answer a line, or {"error":…,"line":…}

Exit codes: 0 sized, 2 bad input (with --stdin: on any line; the others are answered), 3 the objectives cannot be met.

example: capplan size --arrival-rate 150 --service-time 2.1s --service lognormal:1 --concurrency 10 --p95-latency 8s
`;

/** `capplan size`: the fewest workers for an objective. */
export const command: Command = {
  name: 'size',
  summary: 'how many workers an objective needs, and why',
  help,
  run,
};

const latencyPercentiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;
const share = { min: 1e-9, max: 1 };
const belowOne = { min: 1e-9, max: 1 - 1e-9 };
const count = { min: 0, max: 1e9, integer: true };
const amount = { min: 0, max: 1e12 };

/** Every option as it may also stand in a line of --stdin; lengths of time are in seconds there, and end in _s. */
const numbers = {
  'arrival-rate': { min: 0, max: 1e9 },
  'arrival-dispersion': { min: 0, max: 10_000 },
  concurrency: { min: 1, max: 1e6, integer: true },
  'max-p-wait': share,
  'max-backlog': count,
  'max-utilization': share,
  backlog: amount,
  availability: belowOne,
  'worker-up': share,
  'min-workers': count,
  'max-workers': count,
} as const;
const lengths = [
  'service-time',
  'drain-time',
  'within',
  'p50-latency',
  'p90-latency',
  'p95-latency',
  'p99-latency',
] as const;

type Values = Partial<Record<keyof typeof numbers | (typeof lengths)[number], number>> & {
  of?: string | undefined;
  share?: number | undefined;
};

async function run(args: string[], io: CommandIo): Promise<number> {
  const text = Object.fromEntries(
    [...Object.keys(numbers), ...lengths, 'of', 'share'].map((name) => [name, { type: 'string' as const }]),
  );
  const parsed = parseArgs({
    args,
    options: {
      ...text,
      service: { type: 'string', default: 'exponential' },
      json: { type: 'boolean', default: false },
      stdin: { type: 'boolean', default: false },
    },
  });
  const options: Record<string, string | boolean | undefined> = parsed.values;
  if (options.stdin === true) return answerStream(io);
  const values: Values = {};
  for (const [name, bounds] of Object.entries(numbers)) {
    const given = options[name];
    if (typeof given === 'string') values[name as keyof typeof numbers] = parseNumber(given, `--${name}`, bounds);
  }
  for (const name of lengths) {
    const given = options[name];
    if (typeof given === 'string') values[name] = parseDurationSec(given, `--${name}`);
  }
  if (typeof options.of === 'string') values.of = options.of;
  if (typeof options.share === 'string') values.share = parseShare(options.share, '--share');
  const service = await readServiceDistribution(String(options.service), {
    meanSec: values['service-time'],
    option: '--service',
  });
  const query = queryFrom(values, service, (name) => `--${name}`);
  const result = sizeOrInputError(query);
  const report = sizeReport(query, result);
  io.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : sizeText(query, report));
  return result.ok ? exitCodes.ok : exitCodes.infeasible;
}

/** What the library finds out of range was typed here. */
function sizeOrInputError(query: SizeQuery): ReturnType<typeof size> {
  try {
    return size(query);
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message) : error;
  }
}

function answerStream(io: CommandIo): Promise<number> {
  const services = new ServiceReader();
  return answerLines(io, (fields) => {
    const question = new QuestionFields(fields);
    const values: Values = {};
    for (const [name, bounds] of Object.entries(numbers)) {
      const value = question.optionalNumber(asField(name), bounds);
      if (value !== undefined) values[name as keyof typeof numbers] = value;
    }
    for (const name of lengths) {
      const value = question.optionalNumber(`${asField(name)}_s`, { min: 0, max: 1e12 });
      if (value !== undefined) values[name] = value;
    }
    values.of = question.optionalText('of');
    values.share = question.optionalNumber('share', belowOne);
    const text = question.optionalText('service') ?? 'exponential';
    question.finish();
    const answer = (service: ServiceDistribution) => {
      const query = queryFrom(values, service, asField);
      return sizeReport(query, size(query));
    };
    const service = services.read(text, values['service-time'], 'service');
    return service instanceof Promise ? service.then(answer) : answer(service);
  });
}

function queryFrom(values: Values, service: ServiceDistribution, nameOf: (option: string) => string): SizeQuery {
  const arrivalRatePerSec = values['arrival-rate'];
  if (arrivalRatePerSec === undefined) throw new InputError(`${nameOf('arrival-rate')} is missing`);
  const pair = (first: keyof Values, second: keyof Values) => {
    if ((values[first] === undefined) !== (values[second] === undefined)) {
      throw new InputError(`${nameOf(first)} and ${nameOf(second)} go together; one of them is missing`);
    }
    return values[first] !== undefined;
  };
  const latency = latencyFrom(values, { nameOf, isWithin: pair('within', 'share') });
  const backlogMax = values['max-backlog'];
  return {
    arrivalRatePerSec,
    service,
    ...optional('arrivalDispersion', values['arrival-dispersion']),
    ...optional('concurrency', values.concurrency),
    ...optional('latency', latency),
    ...optional('waitProbabilityMax', values['max-p-wait']),
    ...optional('backlog', backlogMax === undefined ? undefined : { jobsMax: backlogMax }),
    ...optional('utilizationMax', values['max-utilization']),
    ...optional('workersMin', values['min-workers']),
    ...optional('workersMax', values['max-workers']),
    ...(pair('backlog', 'drain-time')
      ? { drain: { backlogJobs: values.backlog as number, withinSec: values['drain-time'] as number } }
      : {}),
    ...(pair('availability', 'worker-up')
      ? { availability: { target: values.availability as number, workerUp: values['worker-up'] as number } }
      : {}),
  };
}

function latencyFrom(
  values: Values,
  { nameOf, isWithin }: { nameOf: (option: string) => string; isWithin: boolean },
): SizeQuery['latency'] {
  const { of = 'response' } = values;
  if (of !== 'wait' && of !== 'response') throw new InputError(`${nameOf('of')}: '${of}' is neither wait nor response`);
  const given = Object.entries(latencyPercentiles).filter(
    ([p]) => values[`${p}-latency` as keyof Values] !== undefined,
  );
  if (given.length + Number(isWithin) > 1) throw new InputError('one latency objective at a time; ask once for each');
  if (isWithin) return { of, percentile: values.share as number, targetSec: values.within as number };
  const [only] = given;
  if (!only) return undefined;
  const [name, percentile] = only;
  return { of, percentile, targetSec: values[`${name}-latency` as 'p95-latency'] as number };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V };
}

function asField(option: string): string {
  return option.replaceAll('-', '_');
}
