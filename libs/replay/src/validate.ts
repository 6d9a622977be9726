import type { Policy } from '@capplan/contracts';
import { resolveSettings } from '@capplan/planning';
import type { Backtest } from './backtest.ts';
import type { ControllerRun } from './run-controller.ts';

/** How well decisions did on one trace, each part in [0, 1]. */
export interface Validation {
  trace: string;
  /** Were promises kept? Mean of the three parts below. */
  accuracy: number;
  /** Windows within the target over what the error budget asks for, at most 1. */
  sloKept: number;
  /** 1 − the relative gap between the worker cost promised and paid. */
  costKept: number;
  /** 1 − the relative gap between the coverage of the 90 % band and 90 %. */
  bandKept: number;
  /** Share of changes not taken back within ten minutes; 0 if ever two changes fell into one cooldown. */
  stability: number;
  /** Worker-hours of a controller that knows the future, over those used; at most 1. */
  efficiency: number;
  /** Mean of accuracy, stability and efficiency. */
  overall: number;
  cooldownBreaches: number;
}

const bandLevel = 0.9;

/**
 * The three scores of the validation suite for one backtest, and their mean.
 *
 * @param backtest run against the oracle at least
 * @param policy the policy it ran under
 */
export function validationOf(backtest: Backtest, policy: Policy): Validation {
  const { planner, promised, forecast, rivals } = backtest;
  const settings = resolveSettings(policy);
  const sloKept = Math.min(1, planner.score.windowsWithin / (1 - settings.errorBudget));
  const costKept = share(1 - Math.abs(planner.score.workerCost / promised.workerCost - 1));
  const bandKept = share(1 - Math.abs(forecast.coverage - bandLevel) / bandLevel);
  const accuracy = (sloKept + costKept + bandKept) / 3;
  const cooldownBreaches = countCooldownBreaches(planner.run, settings);
  const { changesPerDay, reversalsPerDay } = planner.score;
  // With less than a change a day, one taken back does not make a restless pool.
  const calm = 1 - reversalsPerDay / Math.max(changesPerDay, 1);
  const stability = cooldownBreaches > 0 ? 0 : share(calm);
  const oracleHours = rivals.oracle?.score.workerHours ?? Number.NaN;
  const efficiency = share(planner.score.workerHours > 0 ? oracleHours / planner.score.workerHours : 1);
  return {
    trace: backtest.trace,
    accuracy,
    sloKept,
    costKept,
    bandKept,
    stability,
    efficiency,
    overall: (accuracy + stability + efficiency) / 3,
    cooldownBreaches,
  };
}

/** Changes that came sooner after the one before than the cooldown of their own direction allows. */
export function countCooldownBreaches(
  run: ControllerRun,
  { upCooldownSec, downCooldownSec }: { upCooldownSec: number; downCooldownSec: number },
): number {
  let breaches = 0;
  for (const [i, change] of run.changes.entries()) {
    const before = run.changes[i - 1];
    const cooldownSec = change.to > change.from ? upCooldownSec : downCooldownSec;
    if (before && change.atSec - before.atSec < cooldownSec) breaches++;
  }
  return breaches;
}

function share(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}
