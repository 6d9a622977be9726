import { CapacityError } from '@capplan/contracts';
import { createPolicyControllers, policyOfDraft } from '@capplan/replay';
import {
  type ControllerFactory,
  compareInSteps,
  readScenario,
  type Scenario,
  type SimulationProgress,
  simulateInSteps,
  toWire,
} from '@capplan/simulation';
import type { PartialTimeline, SimulationTask } from './ports.ts';

/**
 * One task as steps of a few milliseconds: between two of them, whoever drives it can look whether it is still wanted.
 * Returns the result in the form in which it is written outside. Pools whose capacity is a policy are steered by the
 * real decision code.
 */
export function* engineTask(
  task: SimulationTask,
  controllerFor: ControllerFactory = createPolicyControllers(),
): Generator<PartialTimeline, unknown> {
  const options = { controllerFor, watchFirst: task.kind === 'simulate' };
  const steps =
    task.kind === 'simulate'
      ? simulateInSteps(scenarioOf(task.scenario), options)
      : compareInSteps(task.scenarios.map(scenarioOf), options);
  let step = steps.next();
  for (; !step.done; step = steps.next()) yield partialTimeline(step.value);
  const outcome = step.value;
  if (!outcome.ok) {
    throw new CapacityError(
      outcome.reason === 'controller_missing' ? 'unimplemented' : 'invalid_input',
      outcome.detail,
    );
  }
  return toWire('result' in outcome ? outcome.result : { results: outcome.results, pools: outcome.pools });
}

function scenarioOf(input: unknown): Scenario {
  const read = readScenario(input);
  if (!read.ok)
    throw new CapacityError('invalid_input', `${read.problems[0]?.field ?? ''} ${read.problems[0]?.message ?? ''}`);
  for (const { name, capacity } of read.scenario.pools) {
    if (capacity.kind !== 'policy') continue;
    const policy = policyOfDraft(capacity.policy);
    if (!policy.ok) {
      throw new CapacityError('invalid_input', `pool '${name}': capacity.policy: ${policy.problems.join('; ')}`);
    }
  }
  return read.scenario;
}

function partialTimeline({ fraction, atSec, intervals }: SimulationProgress): PartialTimeline {
  return {
    fraction,
    atSec,
    points: (intervals[0] ?? []).map((seen) => ({
      at_s: seen.startSec,
      arrivals: seen.arrivals,
      workers: seen.workersPaid,
      waiting: seen.waiting,
      busy_slots: seen.busySlotsMean,
    })),
  };
}
