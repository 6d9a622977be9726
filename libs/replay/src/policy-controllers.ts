import type { ControllerFactory } from '@capplan/simulation';
import { momentsOf } from '@capplan/simulation';
import type { ArrivalTrace } from '@capplan/traces';
import { snapshotOf } from './controllers/planner.ts';
import { createDecisionLoop } from './decision-loop.ts';
import { policyOfDraft } from './policy-of-draft.ts';
import { poolViewOf } from './pool-view.ts';

export interface PolicyControllersOptions {
  /** What the clock says when the run starts, ms since epoch; schedules and days follow it. Default a Monday, 0:00 UTC. */
  startMs?: number;
  /** Demand that the forecaster has seen before the run; its end is moved to the start of the run. */
  history?: ArrivalTrace;
}

const mondayMs = Date.UTC(2026, 0, 5);

/**
 * Lets the real decision code steer the pools of a scenario whose capacity is a policy: what if the target were 3 s,
 * what if the cooldown were 2 minutes, what if traffic doubled on Friday?
 *
 * @throws RangeError when a scenario's policy is not one, naming the pool and every field
 * @example simulate(scenario, { controllerFor: createPolicyControllers() })
 */
export function createPolicyControllers(options: PolicyControllersOptions = {}): ControllerFactory {
  const { startMs = mondayMs, history } = options;
  return (scenario) => {
    const { capacity, concurrency } = scenario;
    if (capacity.kind !== 'policy')
      throw new RangeError(`pool ${scenario.name}: its capacity is a fixed plan, not a policy`);
    const read = policyOfDraft(capacity.policy);
    if (!read.ok) throw new RangeError(`pool ${scenario.name}: policy: ${read.problems.join('; ')}`);
    const poolId = `simulation/${poolNameOf(scenario.name)}`;
    const loop = createDecisionLoop({
      policy: read.policy,
      pool: {
        id: poolId,
        concurrency,
        startupDelaySec: momentsOf(scenario.startup).meanSec,
        workerCostPerHour: scenario.cost.perWorkerHour,
        tags: read.policy.tags,
        serviceTimeHintSec: momentsOf(scenario.service).meanSec,
      },
    });
    if (history) {
      const lengthMs = history.ratesPerSec.length * history.intervalSec * 1000;
      loop.learnTrace({ ...history, startMs: startMs - lengthMs });
    }
    return {
      decide: ({ atSec, intervals, state, workers }) => {
        // Before the first interval has ended there is nothing to go by.
        if (intervals.length === 0) return workers;
        const nowMs = startMs + atSec * 1000;
        return loop.decide(snapshotOf(poolViewOf(intervals, state), { poolId, concurrency, nowMs })).targetWorkers;
      },
    };
  };
}

function poolNameOf(name: string): string {
  const fitting = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 127);
  return fitting === '' ? 'pool' : fitting;
}
