import { type ErrorCode, mayBecome, type Plan, type PlanStatus } from '@capplan/contracts';
import { expire } from './consider.ts';
import { begin, findPlan, type Moment, move, type PoolPlans } from './pool-plans.ts';

export type RequestOutcome = { ok: true; state: PoolPlans } | { ok: false; code: ErrorCode; detail: string };

const refuse = (code: ErrorCode, detail: string): RequestOutcome => ({ ok: false, code, detail });
const carriedOut: readonly PlanStatus[] = ['completed', 'failed', 'reverted'];

/** A new plan of a person takes the place of whatever is pending. It waits for a person, too, unless it changes nothing. */
export function replacePlan(before: PoolPlans, plan: Plan, moment: Moment): RequestOutcome {
  const open = expire(before, moment);
  if (open.active?.status === 'executing') {
    return refuse('illegal_transition', `${open.active.id} is being carried out; no new plan until it is over`);
  }
  const freed = open.active ? move(open, 'superseded', `${plan.id} takes its place`, moment) : open;
  const begun = begin(freed, plan);
  if (plan.mode === 'advisory' || plan.steps.length === 0) return { ok: true, state: begun };
  return { ok: true, state: move(begun, 'awaiting_approval', `asked for by ${plan.requested_by}`, moment) };
}

/**
 * A person rejects or cancels a plan. What is being carried out has no such end.
 *
 * @returns the very same state when the plan has ended in this way already
 */
export function endPlan(
  state: PoolPlans,
  request: { planId: string; to: 'rejected' | 'cancelled'; by: string; comment?: string | undefined },
  moment: Moment,
): RequestOutcome {
  const { planId, to, by, comment } = request;
  const plan = findPlan(state, planId);
  if (!plan) return refuse('not_found', `there is no plan ${planId} any more`);
  if (plan.status === to) return { ok: true, state };
  if (state.active?.id !== planId || !mayBecome(plan.status, to)) {
    return refuse('illegal_transition', `${planId} is ${plan.status} and cannot become ${to}`);
  }
  const why = `${to} by ${by}${comment === undefined ? '' : `: ${comment}`}`;
  return { ok: true, state: move(state, to, why, moment) };
}

export type RollbackVerdict = { ok: true; workers: number } | { ok: false; code: ErrorCode; detail: string };

/** Where a plan that was carried out is rolled back to: the count that it began at. */
export function rollbackTarget(done: Plan, currentWorkers: number): RollbackVerdict {
  if (!carriedOut.includes(done.status)) {
    const detail = `${done.id} is ${done.status}; only what was carried out can be rolled back`;
    return { ok: false, code: 'illegal_transition', detail };
  }
  const workers = done.current_workers;
  if (currentWorkers === workers) {
    const detail = `${done.pool} has ${workers} workers, as before ${done.id}`;
    return { ok: false, code: 'illegal_transition', detail };
  }
  return { ok: true, workers };
}
