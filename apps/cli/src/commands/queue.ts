import { parseArgs } from 'node:util';
import { approximationCaution, type ServiceDistribution, serviceMeanSec, solveGigc } from '@capplan/queueing';
import { answerLines } from '../answer-lines.ts';
import { type Command, type CommandIo, exitCodes, InputError } from '../command.ts';
import { parseDurationSec, parseNumber } from '../durations.ts';
import { QuestionFields } from '../question-fields.ts';
import { formatNumber, type QueueReport, queueReport, queueTable } from '../queue-report.ts';
import { readServiceDistribution, serviceHelp } from '../service-distribution.ts';
import { ServiceReader } from '../service-reader.ts';

const help = `usage: capplan queue --arrival-rate R --service-time LENGTH --servers C [options]
       capplan queue --stdin < questions.jsonl

How long do jobs wait in front of C servers, and how long do they take in all?
One queue, first come first served, room for all. Exact for exponential service, else an approximation of a few percent.

  --arrival-rate R     jobs offered per second
  --service-time LEN   mean time a job holds a server, such as 250ms, 2.1s, 5m
  --servers C          jobs that can be in service at once (workers × their concurrency)
${serviceHelp}
  --arrival-dispersion I   variance / mean of arrival counts, 1 (default) for Poisson traffic, more for bursts
  --json               one JSON object: stable, utilization, p_wait, lq, wq_s, w_s, l,
                       wait_s and response_s {p50,p90,p95,p99}, model
  --stdin              one question a line: {"arrival_rate":8,"service_time_s":1,"servers":10,"service":"lognormal:4"}
                       (service and arrival_dispersion may be left out); one answer a line, or {"error":…,"line":…}

A queue that is offered more than it can serve has no steady state: the answer is {"stable":false,…}.
Exit codes: 0 answered, 2 bad input (with --stdin: on any line; the others are answered).

example: capplan queue --arrival-rate 8 --service-time 1s --servers 10 --service lognormal:4
`;

/** `capplan queue`: the steady state of one queue. */
export const command: Command = {
  name: 'queue',
  summary: 'how long jobs wait in front of a number of servers',
  help,
  run,
};

interface Question {
  readonly arrivalRatePerSec: number;
  readonly service: ServiceDistribution;
  readonly servers: number;
  readonly arrivalDispersion: number;
}

type Answer = QueueReport | { stable: false; utilization: number; model: string; reason: string };

const rateBounds = { min: 0, max: 1e9 };
const serverBounds = { min: 1, max: 1e9, integer: true };
const dispersionBounds = { min: 0, max: 10_000 };
const lengthBounds = { min: 1e-12, max: 1e12 };

async function run(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      'arrival-rate': { type: 'string' },
      'service-time': { type: 'string' },
      servers: { type: 'string' },
      service: { type: 'string', default: 'exponential' },
      'arrival-dispersion': { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      stdin: { type: 'boolean', default: false },
    },
  });
  if (values.stdin) return answerStream(io);
  const given = (option: 'arrival-rate' | 'servers') => {
    const text = values[option];
    if (text === undefined) throw new InputError(`--${option} is missing; 'capplan help queue' shows an example`);
    return text;
  };
  const question: Question = {
    arrivalRatePerSec: parseNumber(given('arrival-rate'), '--arrival-rate', rateBounds),
    servers: parseNumber(given('servers'), '--servers', serverBounds),
    service: await readServiceDistribution(values.service, {
      meanSec:
        values['service-time'] === undefined ? undefined : parseDurationSec(values['service-time'], '--service-time'),
      option: '--service',
    }),
    arrivalDispersion: parseNumber(values['arrival-dispersion'], '--arrival-dispersion', dispersionBounds),
  };
  const answer = solve(question);
  if (values.json) io.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (answer.stable) io.stdout.write(queueTable(answer));
  else io.stdout.write(`unstable: ${answer.reason}\n`);
  return exitCodes.ok;
}

function answerStream(io: CommandIo): Promise<number> {
  const services = new ServiceReader();
  return answerLines(io, (fields) => {
    const question = new QuestionFields(fields);
    const arrivalRatePerSec = question.number('arrival_rate', rateBounds);
    const servers = question.number('servers', serverBounds);
    const arrivalDispersion = question.optionalNumber('arrival_dispersion', dispersionBounds) ?? 1;
    const meanSec = question.optionalNumber('service_time_s', lengthBounds);
    const text = question.optionalText('service') ?? 'exponential';
    question.finish();
    const service = services.read(text, meanSec, 'service');
    if (service instanceof Promise) {
      return service.then((read) => solve({ arrivalRatePerSec, servers, arrivalDispersion, service: read }));
    }
    return solve({ arrivalRatePerSec, servers, arrivalDispersion, service });
  });
}

function solve(question: Question): Answer {
  const result = solveGigc(question);
  if (result.ok) return queueReport(result.queue, approximationCaution(question));
  const offered = question.arrivalRatePerSec * serviceMeanSec(question.service);
  return {
    stable: false,
    utilization: offered / question.servers,
    model: 'none',
    reason: `the offered load of ${formatNumber(offered)} erlangs reaches the ${question.servers} servers, so that the queue grows without end`,
  };
}
