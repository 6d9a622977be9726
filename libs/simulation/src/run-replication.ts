import { createRandomStream, type RandomStream } from '@capplan/random';
import { type ControllerFactory, type SimulatedController, shareBudget } from './controller.ts';
import type { IntervalObservation } from './interval-reader.ts';
import type { JobFaults } from './job-faults.ts';
import type { PoolRun } from './pool-run.ts';
import { PoolSimulation } from './pool-simulation.ts';
import type { PoolScenario, Scenario } from './scenario.ts';
import { createServiceSource, type Distribution } from './service-source.ts';
import { openTraffic, ratePathOf } from './traffic.ts';

/** About how many jobs are simulated between two chances to stop: a few milliseconds of work. */
const jobsPerStep = 20_000;

/** Where a replication stands. */
export interface ReplicationProgress {
  atSec: number;
  /** Per pool, the intervals that ended since the last step; empty unless watched. */
  intervals: IntervalObservation[][];
}

interface PoolInRun {
  scenario: PoolScenario;
  simulation: PoolSimulation;
  controller: SimulatedController | undefined;
  intervals: IntervalObservation[];
  asked: number;
  nextStep: number;
  nextDecisionSec: number;
  shown: number;
  decided: number;
}

/**
 * Runs every pool of a scenario once, together, in small steps. The chance of a replication depends on the seed, the
 * replication's number and the pool's place alone: scenarios that differ in capacity or policy meet the same jobs.
 */
export function* runReplication(
  scenario: Scenario,
  options: {
    index: number;
    warmupSec: number;
    controllerFor?: ControllerFactory | undefined;
    watch?: boolean;
  },
): Generator<ReplicationProgress, PoolRun[]> {
  const seed = `${scenario.seed}/replication ${options.index}`;
  const pools = scenario.pools.map((pool, i) => openPool(scenario, pool, i, { ...options, seed }));
  const priorities = pools.map(({ scenario: { priority } }) => priority);
  const milestones = workMilestones(scenario);
  let milestone = 0;
  const horizonSec = pools[0]!.simulation.horizonSec;
  let atSec = 0;
  const grant = () => {
    const granted = shareBudget(
      pools.map(({ asked }) => asked),
      priorities,
      scenario.budgetWorkers,
    );
    for (const [i, pool] of pools.entries()) {
      if (pool.simulation.workers !== granted[i]) pool.simulation.setWorkers(granted[i]!);
    }
  };
  grant();
  while (atSec < horizonSec) {
    while (milestone < milestones.length && milestones[milestone]! <= atSec) milestone++;
    let untilSec = Math.min(horizonSec, milestones[milestone] ?? horizonSec);
    for (const pool of pools) untilSec = Math.min(untilSec, nextChangeSec(pool));
    for (const { simulation } of pools) simulation.advanceTo(untilSec);
    atSec = untilSec;
    let changed = false;
    for (const pool of pools) changed = decideNow(pool, atSec) || changed;
    if (changed) grant();
    yield { atSec, intervals: options.watch ? pools.map(newIntervals) : [] };
  }
  return pools.map(({ simulation, intervals }) => {
    const run = simulation.finish();
    return { ...run, intervals: [...intervals, ...run.intervals] };
  });
}

function openPool(
  scenario: Scenario,
  pool: PoolScenario,
  place: number,
  options: { index: number; seed: string; warmupSec: number; controllerFor?: ControllerFactory | undefined },
): PoolInRun {
  const random = createRandomStream(options.seed).fork(`pool ${place}`);
  const asked = pool.capacity.kind === 'plan' ? pool.capacity.steps[0]!.workers : pool.capacity.initialWorkers;
  const initial = scenario.pools.map(({ capacity }) =>
    capacity.kind === 'plan' ? capacity.steps[0]!.workers : capacity.initialWorkers,
  );
  const granted = shareBudget(
    initial,
    scenario.pools.map(({ priority }) => priority),
    scenario.budgetWorkers,
  );
  const simulation = new PoolSimulation({
    random: random.fork('engine'),
    horizonSec: scenario.horizonSec,
    intervalSec: scenario.intervalSec,
    arrivals: openTraffic(pool.traffic, scenario.horizonSec, random.fork('traffic')),
    services: createServiceSource(pool.service, random.fork('services')),
    workers: granted[place]!,
    concurrency: pool.concurrency,
    startup: startupOf(pool.startup, random),
    scaleIn: pool.scaleIn,
    objective: pool.objective,
    warmupSec: options.warmupSec,
    faults: openFaults(pool, random),
  });
  const isPolicy = pool.capacity.kind === 'policy';
  return {
    scenario: pool,
    simulation,
    controller: isPolicy ? options.controllerFor?.(pool, { index: options.index, seed: options.seed }) : undefined,
    intervals: [],
    asked,
    nextStep: 1,
    nextDecisionSec: pool.capacity.kind === 'policy' ? pool.capacity.everySec : Number.POSITIVE_INFINITY,
    shown: 0,
    decided: 0,
  };
}

function startupOf(startup: Distribution, random: RandomStream) {
  return startup.kind === 'deterministic' ? startup.meanSec : createServiceSource(startup, random.fork('startup'));
}

function openFaults({ faults }: PoolScenario, random: RandomStream): JobFaults | undefined {
  if (Object.keys(faults).length === 0) return undefined;
  const { patience, ...others } = faults;
  return patience ? { ...others, patience: createServiceSource(patience, random.fork('patience')) } : others;
}

function nextChangeSec(pool: PoolInRun): number {
  const { capacity } = pool.scenario;
  if (capacity.kind === 'policy') return pool.nextDecisionSec;
  return capacity.steps[pool.nextStep]?.atSec ?? Number.POSITIVE_INFINITY;
}

/** Takes what the plan says, or what the controller answers, at this time; true when it may have changed. */
function decideNow(pool: PoolInRun, atSec: number): boolean {
  const { capacity } = pool.scenario;
  if (nextChangeSec(pool) > atSec || atSec >= pool.simulation.horizonSec) return false;
  if (capacity.kind === 'plan') {
    pool.asked = capacity.steps[pool.nextStep++]!.workers;
    return true;
  }
  pool.nextDecisionSec += capacity.everySec;
  if (!pool.controller) return false;
  pool.intervals.push(...pool.simulation.observe());
  pool.asked = pool.controller.decide({
    atSec,
    intervals: pool.intervals.slice(pool.decided),
    state: pool.simulation.state(),
    workers: pool.simulation.workers,
  });
  pool.decided = pool.intervals.length;
  return true;
}

function newIntervals(pool: PoolInRun): IntervalObservation[] {
  pool.intervals.push(...pool.simulation.observe());
  const seen = pool.intervals.slice(pool.shown);
  pool.shown = pool.intervals.length;
  return seen;
}

/** Times at which to look up from the work: every so many jobs of any pool. */
function workMilestones({ pools, horizonSec }: Scenario): number[] {
  return pools.flatMap(({ traffic }) => ratePathOf(traffic, horizonSec).milestones(jobsPerStep)).sort((a, b) => a - b);
}
