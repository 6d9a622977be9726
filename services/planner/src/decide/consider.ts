import type { Plan, Policy, Snapshot } from '@capplan/contracts';
import { routeOf } from './approvals.ts';
import { isAutomatic } from './is-automatic.ts';
import { begin, findPlan, type Moment, move, type PoolPlans } from './pool-plans.ts';

/**
 * A pending plan is left alone while its change is at least, and at most, this share of the change wanted now. People
 * need time to approve, demand never stands still, and what is missing is planned as soon as this is done.
 */
const sameChange = { least: 0.6, most: 1.6 };

/** With these answers a pending plan is no longer needed; with any other hold it merely waits its turn. */
const settledHolds: ReadonlySet<string> = new Set(['at_minimum', 'at_maximum', 'executor_cap']);
const forbiddingHolds: ReadonlySet<string> = new Set(['policy_disabled', 'tags_disagree']);

export interface Consideration {
  policy: Policy;
  snapshot: Snapshot;
  /** What would be planned now; without steps when nothing should change. */
  draft: Plan;
  /** Why nothing, or less than wanted, happens. */
  hold: string | undefined;
  /** False while no audit receipt can be had: then nothing is approved. */
  mayApprove: boolean;
  /** False where no actuator carries out what is planned for the pool: then plans are only shown. */
  canAct: boolean;
}

/**
 * What becomes of a pool's plans now that there is a new measurement and a new answer to it.
 *
 * Nothing changes while a plan is carried out. A pending plan stays as long as the new answer is nearly the same, so
 * that people can approve it in peace; it gives way when the answer has changed. A plan that a person asked for gives
 * way only to a need for more workers. The same draft met again changes nothing.
 */
export function consider(before: PoolPlans, given: Consideration, moment: Moment): PoolPlans {
  const { draft, hold } = given;
  let state = expire(before, moment);
  const active = state.active;
  if (active?.status === 'executing') return state;
  if (active && hold !== undefined && forbiddingHolds.has(hold)) {
    return move(state, 'cancelled', `${hold}: ${draft.rationale}`, moment);
  }
  if (draft.steps.length === 0) {
    const unneeded = active && isAutomatic(active) && active.status !== 'approved';
    if (!unneeded || (hold !== undefined && !settledHolds.has(hold))) return state;
    return move(state, 'superseded', 'no change is needed any more', moment);
  }
  if (findPlan(state, draft.id) || Date.parse(given.snapshot.timestamp) <= state.planned_at_ms) {
    return promote(state, given, moment);
  }
  if (active) {
    if (staysInPlace(active, draft)) {
      return promote(state, given, moment);
    }
    state = move(state, 'superseded', `${draft.id} takes its place`, moment);
  }
  const begun = begin({ ...state, planned_at_ms: Date.parse(given.snapshot.timestamp) }, draft);
  return promote(begun, given, moment);
}

/** Ends a plan whose time to be decided on is over. */
export function expire(state: PoolPlans, moment: Moment): PoolPlans {
  const plan = state.active;
  if (!plan || plan.status === 'executing' || Date.parse(plan.expires_at) > moment.nowMs) return state;
  return move(state, 'expired', `nobody carried it out before ${plan.expires_at}`, moment);
}

/** Sends the active plan as far on its way as its policy allows now. */
function promote(state: PoolPlans, given: Consideration, moment: Moment): PoolPlans {
  const plan = state.active;
  if (!plan || (plan.status !== 'proposed' && plan.status !== 'awaiting_approval')) return state;
  // A pending plan is judged by today's confidence, not by the one it was born with.
  const current = isNearly(plan, given.draft) ? { ...plan, confidence: given.draft.confidence } : plan;
  const route = routeOf(current, given.policy, given.snapshot, given.canAct);
  if (route.to === 'approved' && given.mayApprove) {
    return move(state, 'approved', route.reason, moment, { confidence: current.confidence });
  }
  if (route.to === 'awaiting_approval' && plan.status === 'proposed') {
    return move(state, 'awaiting_approval', route.reason, moment);
  }
  return state;
}

/** Whether two plans come to the same thing for whoever has to approve one of them. */
export function isNearly(pending: Plan, next: Plan): boolean {
  const direction = (plan: Plan) => Math.sign(plan.target_workers - plan.current_workers);
  if (direction(pending) !== direction(next)) return false;
  if (pending.policy_id !== next.policy_id || pending.mode !== next.mode) return false;
  // A plan that starts from where the pool no longer is could not be carried out.
  if (Math.abs(pending.current_workers - next.current_workers) > 1) return false;
  if (Math.abs(pending.target_workers - next.target_workers) <= 1) return true;
  const ratio = changeOf(pending) / changeOf(next);
  return ratio >= sameChange.least && ratio <= sameChange.most;
}

function changeOf(plan: Plan): number {
  return Math.abs(plan.target_workers - plan.current_workers);
}

function staysInPlace(active: Plan, draft: Plan): boolean {
  if (active.steps.length === 0) return false;
  return isAutomatic(active) ? isNearly(active, draft) : !needsMoreThan(active, draft);
}

function needsMoreThan(pending: Plan, next: Plan): boolean {
  return next.target_workers > next.current_workers && next.target_workers > pending.target_workers;
}
