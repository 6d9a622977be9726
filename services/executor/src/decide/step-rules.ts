import type { Plan, Policy, Pool, Step } from '@capplan/contracts';
import { affordableWorkers, limitsAt } from '@capplan/planning';
import type { ExecutorConfig } from '../config.ts';

/** Why a step, or the plan it belongs to, may not be carried out. A closed list. */
export type Refusal =
  | 'cancelled'
  | 'plan_overtaken'
  | 'plan_not_found'
  | 'plan_changed'
  | 'pool_gone'
  | 'policy_gone'
  | 'policy_disabled'
  | 'policy_mismatch'
  | 'illegal_step'
  | 'outside_policy_limits'
  | 'outside_hard_caps'
  | 'frozen'
  | 'cost_limit_exceeded'
  | 'pool_moved'
  | 'pool_owned_elsewhere'
  | 'no_actuator'
  | 'demand_has_risen'
  | 'workers_did_not_arrive'
  | 'held_too_long';

export type Verdict = { ok: true } | { ok: false; reason: Refusal; detail: string };

type Change = Pick<Step, 'from_workers' | 'to_workers'>;
type Caps = Pick<ExecutorConfig, 'workersMax' | 'stepMax' | 'changeShareMax' | 'changeShareFrom' | 'costPerHourMax'>;

const fine: Verdict = { ok: true };
const refuse = (reason: Refusal, detail: string): Verdict => ({ ok: false, reason, detail });

/** The executor's own caps, which no policy and no plan can lift. Limits on more never stop a step that goes down. */
export function withinHardCaps(step: Change, pool: Pool, caps: Caps): Verdict {
  const { from_workers: from, to_workers: to } = step;
  const change = Math.abs(to - from);
  if (!Number.isInteger(to) || to < 0) return refuse('illegal_step', `${to} is no number of workers`);
  if (to > caps.workersMax && to > from) {
    return refuse('outside_hard_caps', `${to} workers are more than the cap of ${caps.workersMax}`);
  }
  if (change > caps.stepMax) {
    return refuse('outside_hard_caps', `a step of ${change} workers is more than the cap of ${caps.stepMax}`);
  }
  const share = change / Math.max(1, from);
  if (change > caps.changeShareFrom && share > caps.changeShareMax) {
    const percent = Math.round(share * 100);
    return refuse(
      'outside_hard_caps',
      `a change of ${percent} % is more than the cap of ${caps.changeShareMax * 100} %`,
    );
  }
  const costPerHour = to * pool.worker_cost_per_hour;
  const affordable = affordableWorkers(caps.costPerHourMax, pool.worker_cost_per_hour);
  if (caps.costPerHourMax > 0 && to > from && to > affordable) {
    return refuse('cost_limit_exceeded', `${costPerHour} an hour is more than the cap of ${caps.costPerHourMax}`);
  }
  return fine;
}

/** What the policy in force now says about the step, whatever it said when the plan was made. */
export function withinPolicy(
  step: Change,
  { plan, pool, policy, nowMs }: { plan: Plan; pool: Pool; policy: Policy | undefined; nowMs: number },
): Verdict {
  const { from_workers: from, to_workers: to } = step;
  if (!policy || pool.policy_id !== plan.policy_id) {
    return refuse('policy_gone', `policy ${plan.policy_id} governs ${pool.id} no more`);
  }
  if (!policy.enabled) return refuse('policy_disabled', `policy ${policy.id} is disabled`);
  if (pool.tags.includes('pci') !== policy.tags.includes('pci')) {
    return refuse('policy_mismatch', `policy ${policy.id} and pool ${pool.id} differ in their tag pci`);
  }
  const { scaling, cost } = policy;
  const windows = scaling.schedules ?? [];
  const base = { minWorkers: scaling.min_workers, maxWorkers: scaling.max_workers };
  const now = limitsAt(windows, base, nowMs);
  if (now.frozen) return refuse('frozen', `no change while ${now.names.join(', ')} is open`);
  const { minWorkers: least, maxWorkers: most } = now;
  if (to > most && to > from) {
    return refuse('outside_policy_limits', `${to} workers are more than the policy's ${most}`);
  }
  if (to < least && to < from && !(to === 0 && scaling.scale_to_zero)) {
    return refuse('outside_policy_limits', `${to} workers are fewer than the policy's ${least}`);
  }
  if (scaling.floor_only && to < from && plan.requested_by === 'planner') {
    return refuse('outside_policy_limits', `the policy only sets a floor, and ${to} workers are fewer than ${from}`);
  }
  const budget = cost.budget_kind === 'hard' ? cost.hourly_budget : undefined;
  const affordable =
    budget === undefined ? Number.POSITIVE_INFINITY : affordableWorkers(budget, pool.worker_cost_per_hour);
  // What calls a pool back inside its limits is as large as it has to be.
  const isOutside = from > most || from < least || from > affordable;
  if (scaling.max_step !== undefined && Math.abs(to - from) > scaling.max_step && !isOutside) {
    return refuse(
      'outside_policy_limits',
      `a step of ${Math.abs(to - from)} is more than the policy's ${scaling.max_step}`,
    );
  }
  // Money never goes below the minimum that the owner asked for.
  if (to > from && to > least && to > affordable) {
    return refuse(
      'cost_limit_exceeded',
      `${to * pool.worker_cost_per_hour} an hour is more than the hard budget of ${budget}`,
    );
  }
  return fine;
}

/** The plan's steps fit together: each begins where the one before ended, in the direction that it names. */
export function isLegalPlan(plan: Plan): Verdict {
  let before: Step | undefined;
  for (const [index, step] of plan.steps.entries()) {
    const up = step.to_workers > step.from_workers;
    if (step.to_workers === step.from_workers || up !== (step.action === 'scale_up')) {
      return refuse(
        'illegal_step',
        `step ${index} says ${step.action} from ${step.from_workers} to ${step.to_workers}`,
      );
    }
    if (before && before.to_workers !== step.from_workers) {
      return refuse(
        'illegal_step',
        `step ${index} begins at ${step.from_workers}, the one before ends at ${before.to_workers}`,
      );
    }
    if (before && Date.parse(step.timestamp) < Date.parse(before.timestamp)) {
      return refuse('illegal_step', `step ${index} is due before the one before it`);
    }
    before = step;
  }
  return fine;
}

/**
 * Whether the pool is where the step begins. In between counts: a part of the step may be done already. So does a
 * small drift, as long as the step still leads in its own direction.
 *
 * @returns `there` when nothing is left to do
 */
export function placeOfPool(step: Change, workers: number, driftWorkers: number): 'start' | 'there' | 'elsewhere' {
  const { from_workers: from, to_workers: to } = step;
  if (workers === to) return 'there';
  const between = workers >= Math.min(from, to) && workers <= Math.max(from, to);
  const sameDirection = Math.sign(to - workers) === Math.sign(to - from);
  return between || (Math.abs(workers - from) <= driftWorkers && sameDirection) ? 'start' : 'elsewhere';
}
