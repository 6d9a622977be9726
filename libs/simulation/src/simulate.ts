import type { ControllerFactory } from './controller.ts';
import type { IntervalObservation } from './interval-reader.ts';
import { PoolCollector, type PoolResult } from './pool-result.ts';
import type { Metrics } from './run-metrics.ts';
import { runReplication } from './run-replication.ts';
import type { Scenario } from './scenario.ts';
import { warmupLength } from './warmup.ts';

/** How far a simulation has come. */
export interface SimulationProgress {
  /** 0 to 1 of the most work it may take; jumps to 1 when the stopping rule is met earlier. */
  fraction: number;
  /** Replication that is running, from 0. */
  replication: number;
  atSec: number;
  /** Per pool, intervals of the first replication that have just ended; empty unless `watchFirst` is set. */
  intervals: IntervalObservation[][];
}

export interface SimulationResult {
  name: string;
  seed: number | string;
  horizonSec: number;
  intervalSec: number;
  warmupSec: number;
  replications: number;
  /** `precise`: the stopping rule was met; `count`: as many as asked for or allowed. */
  stoppedBecause: 'precise' | 'count';
  /** Jobs simulated, over all pools and replications. */
  jobsSimulated: number;
  pools: PoolResult[];
}

export type SimulationOutcome =
  | { ok: true; result: SimulationResult; replications: Metrics[][] }
  | { ok: false; reason: 'cancelled' | 'controller_missing'; detail: string };

export interface SimulationOptions {
  /** Called every few milliseconds of work. */
  onProgress?: (progress: SimulationProgress) => void;
  /** Asked as often; true ends the simulation with `cancelled`. */
  shouldStop?: () => boolean;
  /** Decides for the pools whose capacity is a policy. */
  controllerFor?: ControllerFactory;
  /** Hand out the intervals of the first replication as they end. Costs memory when a backlog grows without end. */
  watchFirst?: boolean;
}

/**
 * What happens in this scenario? Runs its replications and returns means with 95 % confidence intervals.
 *
 * The same scenario gives the same result on every machine, however it is driven.
 *
 * @example
 * const read = readScenario(parsedYaml);
 * if (read.ok) {
 *   const outcome = simulate(read.scenario);
 *   if (outcome.ok) outcome.result.pools[0].summary.sloAttainmentJobs; // { mean, low, high, count }
 * }
 */
export function simulate(scenario: Scenario, options: SimulationOptions = {}): SimulationOutcome {
  return drive(simulateInSteps(scenario, options), options);
}

/**
 * The same a few milliseconds at a time, for a caller that has other things to attend to: ask for the next step when
 * there is time, or leave the generator alone to cancel.
 */
export function* simulateInSteps(
  scenario: Scenario,
  options: Pick<SimulationOptions, 'controllerFor' | 'watchFirst'> = {},
): Generator<SimulationProgress, SimulationOutcome> {
  const missing = scenario.pools.find(({ capacity }) => capacity.kind === 'policy' && !options.controllerFor);
  if (missing) {
    const detail = `pool '${missing.name}' is to be scaled by a policy, and nothing here can decide by policies`;
    return { ok: false, reason: 'controller_missing', detail };
  }
  const warmupSec = scenario.warmupSec === 'auto' ? yield* findWarmupSec(scenario, options) : scenario.warmupSec;
  const { min, max, relativeError } = scenario.replications;
  const intervals = Math.ceil(scenario.horizonSec / scenario.intervalSec - 1e-9);
  const collectors = scenario.pools.map(
    (pool) => new PoolCollector(pool, { intervals, intervalSec: scenario.intervalSec }),
  );
  let jobsSimulated = 0;
  let index = 0;
  let precise = false;
  while (index < max && !precise) {
    const steps = runReplication(scenario, {
      index,
      warmupSec,
      controllerFor: options.controllerFor,
      watch: options.watchFirst === true && index === 0,
    });
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      const { atSec, intervals: seen } = step.value;
      yield { fraction: (index + atSec / scenario.horizonSec) / max, replication: index, atSec, intervals: seen };
    }
    const looked = { fraction: (index + 1) / max, replication: index, atSec: scenario.horizonSec, intervals: [] };
    for (const [i, run] of step.value.entries()) {
      // Summing up a long timeline takes its time: give way before each.
      yield looked;
      collectors[i]!.add(run);
      jobsSimulated += run.jobs.arrived;
    }
    yield looked;
    index++;
    precise = relativeError > 0 && index >= min && collectors.every((one) => isPrecise(one, relativeError));
  }
  return {
    ok: true,
    result: {
      name: scenario.name,
      seed: scenario.seed,
      horizonSec: scenario.horizonSec,
      intervalSec: scenario.intervalSec,
      warmupSec,
      replications: index,
      stoppedBecause: precise ? 'precise' : 'count',
      jobsSimulated,
      pools: collectors.map((collector) => collector.result()),
    },
    replications: collectors.map(({ replications }) => replications),
  };
}

/** Runs steps to the end, reporting and asking between them. */
export function drive<Result>(
  steps: Generator<SimulationProgress, Result>,
  { onProgress, shouldStop }: SimulationOptions,
): Result | { ok: false; reason: 'cancelled'; detail: string } {
  for (;;) {
    if (shouldStop?.()) return { ok: false, reason: 'cancelled', detail: 'the caller asked to stop' };
    const step = steps.next();
    if (step.done) return step.value;
    onProgress?.(step.value);
  }
}

/** A pilot run with its own chance shows when the number of jobs in the system has settled. */
function* findWarmupSec(
  scenario: Scenario,
  options: Pick<SimulationOptions, 'controllerFor'>,
): Generator<SimulationProgress, number> {
  const pilot = runReplication(scenario, { index: -1, warmupSec: 0, controllerFor: options.controllerFor });
  let step = pilot.next();
  for (; !step.done; step = pilot.next()) yield { fraction: 0, replication: 0, atSec: step.value.atSec, intervals: [] };
  const longest = Math.max(
    ...step.value.map((run) =>
      warmupLength(run.intervals.map(({ waitingMean, busySlotsMean }) => waitingMean + busySlotsMean)),
    ),
  );
  return longest * scenario.intervalSec;
}

function isPrecise(collector: PoolCollector, relativeError: number): boolean {
  return (['responseSecP95', 'costTotal'] as const).every((name) => {
    const { mean, high } = collector.estimate(name);
    return mean === 0 || high - mean <= relativeError * Math.abs(mean);
  });
}
