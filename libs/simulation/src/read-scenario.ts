import { type FieldProblem, FieldReader } from './field-reader.ts';
import { readDistribution } from './read-distribution.ts';
import { readStretch, readTraffic } from './read-traffic.ts';
import type { Capacity, PoolScenario, Scenario, ScenarioFaults } from './scenario.ts';
import { expectedJobs } from './traffic.ts';

export const horizonSecMax = 7 * 86_400;
/** A request for this many jobs or more, over all replications, is refused. */
export const jobsMax = 1e9;
/** What one core simulates at the least, for the estimate in a refusal. */
const jobsPerSecExpected = 5e6;

export type ReadScenario =
  | { ok: true; scenario: Scenario }
  | { ok: false; reason: 'invalid_scenario' | 'too_large'; problems: FieldProblem[] };

/**
 * Reads a scenario as it is written (JSON or YAML, already parsed) and checks every number in it.
 *
 * Either everything holds, or all problems come back, each with the path of its field.
 *
 * @example
 * const read = readScenario({ horizon: '1h', traffic: { pattern: 'constant', rate: 10 },
 *   service: { distribution: 'exponential', mean: '1s' }, capacity: { workers: 14 } });
 */
export function readScenario(input: unknown): ReadScenario {
  const problems: FieldProblem[] = [];
  const reader = new FieldReader(input, '', problems);
  const scenario = readWhole(reader);
  if (problems.length > 0) return { ok: false, reason: 'invalid_scenario', problems };
  const tooLarge = refuseLarge(scenario);
  return tooLarge ? { ok: false, reason: 'too_large', problems: [tooLarge] } : { ok: true, scenario };
}

function readWhole(reader: FieldReader): Scenario {
  const horizonSec = reader.duration('horizon', { min: 1, max: horizonSecMax });
  const intervalSec = reader.duration('interval', { min: 0.1, max: 86_400 }, defaultIntervalSec(horizonSec));
  if (horizonSec / intervalSec > 100_000) reader.problem('interval', 'makes more than 100000 intervals of the horizon');
  const count = horizonSec / intervalSec;
  if (Math.abs(count - Math.round(count)) > 1e-9 * count) reader.problem('interval', 'must divide the horizon evenly');
  const warmupSec =
    reader.raw('warmup') === 'auto' ? 'auto' : reader.duration('warmup', { min: 0, max: horizonSecMax }, 0);
  if (warmupSec !== 'auto' && warmupSec >= horizonSec) reader.problem('warmup', 'must be shorter than the horizon');
  const head = {
    name: reader.text('name', 'scenario'),
    seed:
      typeof reader.raw('seed') === 'string' ? reader.text('seed') : reader.number('seed', { min: 0, max: 2 ** 53 }, 1),
    horizonSec,
    intervalSec,
    warmupSec: warmupSec as number | 'auto',
    budgetWorkers: reader.has('budget')
      ? readObject(reader, 'budget', (budget) => budget.number('workers_max', { min: 0, max: 1e6, integer: true }))
      : undefined,
  };
  const pools = reader.has('pools')
    ? reader.objects('pools', { min: 1, max: 50 }, (one) => readPool(one, one.text('name'), horizonSec))
    : [readPool(reader, 'pool', horizonSec)];
  if (new Set(pools.map(({ name }) => name)).size < pools.length) reader.problem('pools', 'must have different names');
  const scenario = { ...head, pools, replications: { min: 1, max: 1, relativeError: 0 } };
  scenario.replications = readReplications(reader, reader.problems.length > 0 ? 0 : expectedJobs(scenario));
  reader.end();
  return scenario;
}

function readObject<T>(parent: FieldReader, name: string, read: (reader: FieldReader) => T): T {
  const reader = parent.object(name);
  const result = read(reader);
  reader.end();
  return result;
}

/** About a minute, no more than some two thousand of them, and a whole number of them in the horizon. */
function defaultIntervalSec(horizonSec: number): number {
  const wanted = horizonSec <= 3600 ? Math.max(1, Math.min(15, horizonSec / 60)) : Math.max(60, horizonSec / 2000);
  return horizonSec / Math.max(1, Math.round(horizonSec / wanted));
}

/** By default as many as fit in twenty million jobs, from 3 to 20; one where three would be too many. */
function readReplications(reader: FieldReader, jobs: number): Scenario['replications'] {
  const value = reader.raw('replications');
  if (value === undefined) {
    const count = 3 * jobs < jobsMax ? Math.max(3, Math.min(20, Math.floor(2e7 / Math.max(1, jobs)))) : 1;
    return { min: count, max: count, relativeError: 0 };
  }
  if (typeof value === 'number') {
    const count = reader.number('replications', { min: 1, max: 10_000, integer: true });
    return { min: count, max: count, relativeError: 0 };
  }
  return readObject(reader, 'replications', (one) => {
    const min = one.number('min', { min: 2, max: 10_000, integer: true }, 3);
    const max = one.number('max', { min: 2, max: 10_000, integer: true }, 50);
    if (max < min) one.problem('max', `must be at least min, ${min}`);
    return { min, max, relativeError: one.number('relative_error', { min: 0.0001, max: 1 }, 0.05) };
  });
}

function readPool(reader: FieldReader, name: string, horizonSec: number): PoolScenario {
  const workerBounds = { min: 0, max: 100_000, integer: true };
  const objective = reader.has('objective')
    ? readObject(reader, 'objective', (one) => ({
        latencyOf: one.choice('latency_of', ['response', 'wait'] as const, 'response'),
        targetSec: one.duration('latency', { min: 0, max: horizonSecMax }),
        percentile: one.number('percentile', { min: 0.01, max: 1 }, 0.95),
      }))
    : { latencyOf: 'response' as const, targetSec: Number.POSITIVE_INFINITY, percentile: 0.95 };
  const money = { min: 0, max: 1e6 };
  return {
    name,
    traffic: readObject(reader, 'traffic', (one) => readTraffic(one, horizonSec)),
    service: readDistribution(reader, 'service', { positive: false }),
    concurrency: reader.number('concurrency', { min: 1, max: 10_000, integer: true }, 1),
    startup: reader.has('startup')
      ? readDistribution(reader, 'startup', { positive: false })
      : { kind: 'deterministic', meanSec: 0 },
    scaleIn: readScaleIn(reader),
    capacity: readObject(reader, 'capacity', (one) => readCapacity(one, workerBounds)),
    objective,
    cost: reader.has('cost')
      ? readObject(reader, 'cost', (one) => ({
          perWorkerHour: one.number('per_worker_hour', money, 0),
          perViolation: one.number('per_violation', money, 0),
          perViolationMinute: one.number('per_violation_minute', money, 0),
        }))
      : { perWorkerHour: 0, perViolation: 0, perViolationMinute: 0 },
    faults: reader.has('failures') ? readObject(reader, 'failures', readFaults) : {},
    priority: reader.number('priority', { min: -1000, max: 1000 }, 0),
  };
}

function readScaleIn(reader: FieldReader): PoolScenario['scaleIn'] {
  if (!reader.has('scale_in')) return { mode: 'drain' };
  return readObject(reader, 'scale_in', (one) => {
    const mode = one.choice('mode', ['drain', 'kill'] as const);
    if (mode === 'kill') return { mode, keepsProgress: one.boolean('keeps_progress', false) };
    return one.has('grace') ? { mode, graceSec: one.duration('grace', { min: 0, max: horizonSecMax }) } : { mode };
  });
}

function readCapacity(reader: FieldReader, workers: { min: number; max: number; integer: boolean }): Capacity {
  const given = ['workers', 'schedule', 'policy'].filter((name) => reader.has(name));
  if (given.length !== 1) {
    reader.problem('', 'must have exactly one of workers, schedule and policy');
    return { kind: 'plan', steps: [{ atSec: 0, workers: 0 }] };
  }
  if (given[0] === 'workers') {
    return { kind: 'plan', steps: [{ atSec: 0, workers: reader.number('workers', workers) }] };
  }
  if (given[0] === 'policy') {
    return {
      kind: 'policy',
      policy: reader.raw('policy'),
      initialWorkers: reader.number('initial_workers', workers),
      everySec: reader.duration('every', { min: 1, max: 3600 }, 15),
    };
  }
  const steps = reader.objects('schedule', { min: 1, max: 20_000 }, (step) => ({
    atSec: step.duration('at', { min: 0, max: horizonSecMax }),
    workers: step.number('workers', workers),
  }));
  if (steps.length > 0 && steps[0]!.atSec !== 0) reader.problem('schedule[0].at', 'must be 0: the run begins with it');
  for (let i = 1; i < steps.length; i++) {
    if (steps[i]!.atSec <= steps[i - 1]!.atSec) {
      reader.problem(`schedule[${i}].at`, 'must be later than the step before');
      break;
    }
  }
  return { kind: 'plan', steps };
}

function readFaults(reader: FieldReader): ScenarioFaults {
  const chance = { min: 0, max: 1 };
  const time = { min: 0, max: horizonSecMax };
  const faults: ScenarioFaults = {};
  if (reader.has('error_rate') || reader.has('outages')) {
    faults.failure = {
      probability: reader.number('error_rate', chance, 0),
      stretches: reader
        .objects('outages', { max: 100 }, (one) => readStretch(one, 'error_rate', chance))
        .map(({ startSec, endSec, value }) => ({ startSec, endSec, probability: value })),
    };
  }
  if (reader.has('retry')) {
    faults.retry = readObject(reader, 'retry', (one) => ({
      attemptsMax: one.number('attempts_max', { min: 1, max: 1000, integer: true }, 3),
      backoffSec: one.duration('backoff', time, 1),
      factor: one.number('factor', { min: 1, max: 10 }, 2),
      maxSec: one.duration('backoff_max', time, 300),
      jitter: one.number('jitter', chance, 0.5),
    }));
  }
  if (reader.has('execution_timeout')) {
    faults.executionTimeoutSec = reader.duration('execution_timeout', { min: 0.001, max: horizonSecMax });
  }
  if (reader.has('give_up_after')) faults.patience = readDistribution(reader, 'give_up_after', { positive: true });
  if (reader.has('slowdowns')) {
    faults.slowdowns = reader
      .objects('slowdowns', { max: 100 }, (one) => readStretch(one, 'factor', { min: 0.001, max: 1e6 }))
      .map(({ startSec, endSec, value }) => ({ startSec, endSec, factor: value }));
  }
  if (reader.has('crashes')) {
    faults.crashes = readObject(reader, 'crashes', (one) => ({
      meanTimeBetweenSec: one.duration('mean_time_between', { min: 10, max: 365 * 86_400 }),
      requeueDelaySec: one.duration('requeue_delay', time, 0),
    }));
  }
  return faults;
}

function refuseLarge(scenario: Scenario): FieldProblem | undefined {
  const perRun = expectedJobs(scenario);
  const jobs = perRun * scenario.replications.max;
  if (jobs < jobsMax) return undefined;
  const minutes = Math.ceil(jobs / jobsPerSecExpected / 60);
  return {
    field: scenario.replications.max > 1 && perRun < jobsMax ? 'replications' : 'traffic',
    message:
      `asks for about ${perRun.toExponential(1)} jobs in each of ${scenario.replications.max} replications, some ${minutes} minutes ` +
      `of one core; the limit is ${jobsMax.toExponential(0)} jobs in all. Shorten the horizon, lower the rates or repeat less often`,
  };
}
