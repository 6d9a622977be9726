import type { Policy } from '@capplan/contracts';
import type { Limits } from './schedule-window.ts';

/** What the executor never goes beyond, whatever a policy or a plan says. */
export interface ExecutorCaps {
  /** Most workers that a step up may lead to. */
  workersMax: number;
  /** Largest change of one step, workers. */
  stepMax: number;
  /** Largest change of one step as a share of the workers there; changes up to `changeShareFrom` are not held against it. */
  changeShareMax: number;
  changeShareFrom: number;
  /** Money per hour that a step up may lead to; 0 means any. */
  costPerHourMax: number;
}

/** What one step of a pool is held against at a moment. */
export interface StepLimits {
  policy: Policy;
  /** Minimum and maximum of that moment, see `limitsAt`. */
  limits: Pick<Limits, 'minWorkers' | 'maxWorkers'>;
  workerCostPerHour: number;
  /** Left out where no executor is known: then only the policy counts. */
  caps?: ExecutorCaps | undefined;
}

/** Workers that so much money an hour pays for. Binary fractions are no reason to go without one: 0.3 pays for three of 0.1. */
export function affordableWorkers(moneyPerHour: number, workerCostPerHour: number): number {
  return workerCostPerHour > 0 ? Math.floor(moneyPerHour / workerCostPerHour + 1e-9) : Number.POSITIVE_INFINITY;
}

/**
 * The count closest to `to` that the executor takes as one step from `from`; `from` itself where it takes none.
 *
 * It goes by the rules that the executor checks again before it acts: limits of the moment, hard hourly budget, `max_step`
 * and its own caps. Money never goes below the minimum; `max_step` does not hold back what leads a pool inside its limits.
 *
 * @example executableTarget(4, 300, { policy, limits, workerCostPerHour: 1, caps: { ...caps, stepMax: 100 } }) // 104
 */
export function executableTarget(from: number, to: number, within: StepLimits): number {
  const { policy, limits, workerCostPerHour, caps } = within;
  const { scaling, cost } = policy;
  const affordable =
    cost.budget_kind === 'hard' && cost.hourly_budget !== undefined
      ? affordableWorkers(cost.hourly_budget, workerCostPerHour)
      : Number.POSITIVE_INFINITY;
  const isOutside = from > limits.maxWorkers || from < limits.minWorkers || from > affordable;
  const step = Math.min(largestStep(from, caps), isOutside ? Number.POSITIVE_INFINITY : (scaling.max_step ?? Infinity));
  if (to > from) {
    const most = Math.min(limits.maxWorkers, Math.max(limits.minWorkers, affordable), highestCount(within));
    return Math.max(from, Math.min(to, most, from + step));
  }
  const mayBeNone = to <= 0 && scaling.scale_to_zero === true && from - step <= 0;
  return Math.min(from, Math.max(mayBeNone ? 0 : limits.minWorkers, to, from - step));
}

function highestCount({ caps, workerCostPerHour }: StepLimits): number {
  if (caps === undefined) return Number.POSITIVE_INFINITY;
  const { workersMax, costPerHourMax } = caps;
  return Math.min(workersMax, costPerHourMax > 0 ? affordableWorkers(costPerHourMax, workerCostPerHour) : Infinity);
}

function largestStep(from: number, caps: ExecutorCaps | undefined): number {
  if (caps === undefined) return Number.POSITIVE_INFINITY;
  const workers = Math.max(1, from);
  let byShare = Math.floor(caps.changeShareMax * workers);
  if (byShare / workers > caps.changeShareMax) byShare -= 1;
  return Math.min(caps.stepMax, Math.max(caps.changeShareFrom, byShare));
}
