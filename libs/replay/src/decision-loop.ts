import type { Forecast, Policy, Snapshot } from '@capplan/contracts';
import {
  createPoolMemory,
  createPoolModel,
  decisionInput,
  type ForecastMemory,
  forecastOf,
  leadMemoryDays,
  learnStretch,
  modelSettings,
  modelStepsDefault,
  type Observation,
  observationOf,
  observe,
  observeSnapshot,
  refitAsHistoryGrows,
} from '@capplan/deciding';
import { type Decision, decide, type PastChange, type PoolFacts } from '@capplan/planning';
import type { ArrivalTrace } from '@capplan/traces';
import type { WithinInterval } from './demand.ts';

/** The decision code of one pool with the memory it needs between two decisions. */
export interface DecisionLoop {
  /** Takes in demand from before the first decision; a rate of null is an interval that nobody measured. */
  learn(observation: { timeMs: number; arrivalRatePerSec: number | null; intervalSec: number }): void;
  /** Takes in a whole recorded trace, interval by interval; `held` where demand is flat within each, as it is replayed. */
  learnTrace(trace: ArrivalTrace, within?: WithinInterval): void;
  /** Takes in a measurement and decides; the decision counts as carried out at once. */
  decide(snapshot: Snapshot): Decision;
  /** Demand foreseen at the last decision, if there is one. */
  forecast(): Forecast | undefined;
}

export interface DecisionLoopOptions {
  pool: PoolFacts;
  policy: Policy;
  /** Sampled futures of demand for each decision; default 64. */
  paths?: number;
}

const remembersMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * Closes the real decision code into a loop: snapshot in, decision out. It is what stands behind `backtest`, what-if
 * and `capplan decide`.
 *
 * Model, forecast and memory are those of `@capplan/deciding`, which the forecaster and planner services run; what is its own
 * is that an order counts as carried out at once, without approvals, receipts or a rollout. When the workers in the
 * next snapshot say otherwise, the decision starts from the snapshot.
 *
 * @example
 * const loop = createDecisionLoop({ pool, policy });
 * for (const snapshot of snapshots) order(loop.decide(snapshot).targetWorkers);
 */
export function createDecisionLoop({ pool, policy, paths }: DecisionLoopOptions): DecisionLoop {
  const settings = modelSettings(pool, policy, { ...modelStepsDefault, ...(paths !== undefined && { paths }) });
  const model = createPoolModel(settings);
  const made: ForecastMemory = {};
  const memory = createPoolMemory(0, { isSpendingKnown: true });
  let changes: PastChange[] = [];
  let forecast: Forecast | undefined;

  return {
    learn: ({ timeMs, arrivalRatePerSec, intervalSec }) => {
      observe(model, { endMs: timeMs, intervalSec, ratePerSec: arrivalRatePerSec });
    },
    learnTrace: (trace, within = 'interpolated') => {
      const past = observationsOf(trace);
      const rememberedMs = (past.at(-1)?.endMs ?? 0) - leadMemoryDays * dayMs;
      for (const [at, { endMs }] of past.entries()) {
        learnStretch(model, settings, past, { at, onlyLong: endMs <= rememberedMs, isFlat: within === 'held' });
        refitAsHistoryGrows(model);
      }
    },
    forecast: () => forecast,
    decide: (snapshot) => {
      const nowMs = Date.parse(snapshot.timestamp);
      if (!isUnderWay(changes.at(-1), snapshot)) changes.pop();
      observe(model, observationOf(snapshot));
      observeSnapshot(memory, snapshot, pool.workerCostPerHour);
      forecast = forecastOf(model, { settings, horizonSec: settings.horizonSec }, made);
      const facts = { nowMs, pool, policy, snapshot, forecast, changes, requirement: undefined, caps: undefined };
      const decision = decide(decisionInput(memory, facts));
      if (decision.targetWorkers !== decision.currentWorkers) {
        changes = changes.filter((change) => change.timeMs > nowMs - remembersMs);
        changes.push({ timeMs: nowMs, fromWorkers: decision.currentWorkers, toWorkers: decision.targetWorkers });
      }
      return decision;
    },
  };
}

function observationsOf({ startMs, intervalSec, ratesPerSec }: ArrivalTrace): Observation[] {
  return Array.from(ratesPerSec, (rate, i) => ({
    endMs: startMs + (i + 1) * intervalSec * 1000,
    intervalSec,
    ratePerSec: Number.isNaN(rate) ? null : rate,
  }));
}

/**
 * Whether the workers have moved as the last change asked. In a shadow test nobody carries decisions out: a change that
 * never happened must not start a cooldown.
 */
function isUnderWay(last: PastChange | undefined, { current_workers, starting_workers }: Snapshot): boolean {
  if (last === undefined) return true;
  const asked = Math.sign(last.toWorkers - last.fromWorkers);
  // Some sources count starting workers among the current ones.
  return [current_workers, current_workers + starting_workers].some(
    (workers) => Math.sign(workers - last.fromWorkers) === asked,
  );
}
