import {
  type Actor,
  type Approval,
  type ErrorCode,
  type Plan,
  type PlanStatus,
  type Policy,
  type Snapshot,
  timestamp,
} from '@capplan/contracts';
import { limitsAt } from '@capplan/planning';
import { isAutomatic } from './is-automatic.ts';
import { amend, type Moment, move, type PoolPlans } from './pool-plans.ts';

const thresholdDefault = 0.85;

export interface Route {
  to: Extract<PlanStatus, 'proposed' | 'awaiting_approval' | 'approved'>;
  reason: string;
}

/**
 * How a new plan goes on: shown, waiting for people, or approved by its policy. What nobody can carry out is only shown.
 *
 * Confidence is the share of foreseen futures that go well. A low one holds back taking workers away. It does not hold
 * back adding some, because more capacity is the safe side, and in an emergency no future goes well.
 */
export function routeOf(plan: Plan, policy: Policy, snapshot: Snapshot, canAct = true): Route {
  if (!canAct) return { to: 'proposed', reason: 'advisory: no actuator carries out what is planned for this pool' };
  if (policy.mode === 'advisory') return { to: 'proposed', reason: 'advisory: shown, never carried out by itself' };
  const waiting = (reason: string): Route => ({ to: 'awaiting_approval', reason });
  if (policy.mode === 'manual') return waiting('manual: waits for an operator');
  if (!isAutomatic(plan)) return waiting(`asked for by ${plan.requested_by}: waits for an operator`);
  if (plan.large_change) return waiting('a large change waits for two people');
  if (!snapshot.quality.trusted) return waiting(`measurements are not trusted: ${suspicion(snapshot)}`);
  const threshold = policy.scaling.confidence_threshold ?? thresholdDefault;
  const up = plan.target_workers > plan.current_workers;
  if (!up && plan.confidence < threshold) {
    return waiting(`confidence ${plan.confidence.toFixed(2)} is below ${threshold}`);
  }
  const perHour = plan.cost_impact?.cost_per_hour_after ?? 0;
  const budget = policy.cost.budget_kind === 'hard' ? policy.cost.hourly_budget : undefined;
  // Money never goes below the minimum that the owner asked for.
  if (up && budget !== undefined && perHour > budget && plan.target_workers > leastNow(policy, snapshot)) {
    return waiting(`${perHour} an hour is more than the hard budget of ${budget}`);
  }
  return { to: 'approved', reason: `approved by policy ${policy.id}` };
}

function leastNow({ scaling }: Policy, { timestamp: at }: Snapshot): number {
  const base = { minWorkers: scaling.min_workers, maxWorkers: scaling.max_workers };
  return limitsAt(scaling.schedules ?? [], base, Date.parse(at)).minWorkers;
}

export type ApprovalOutcome = { ok: true; state: PoolPlans } | { ok: false; code: ErrorCode; detail: string };

/**
 * One person says yes to the active plan.
 *
 * A large change needs two different people, each with a second factor, and neither may have asked for it. An
 * ordinary one needs one, who may be the one that asked.
 */
export function approve(
  state: PoolPlans,
  request: { planId: string; actor: Actor; comment?: string | undefined },
  moment: Moment,
): ApprovalOutcome {
  const plan = state.active;
  const refuse = (code: ErrorCode, detail: string): ApprovalOutcome => ({ ok: false, code, detail });
  if (!plan || plan.id !== request.planId)
    return refuse('illegal_transition', `${request.planId} is not open any more`);
  if (plan.status !== 'proposed' && plan.status !== 'awaiting_approval') {
    return refuse('illegal_transition', `${plan.id} is ${plan.status} and needs no approval`);
  }
  if (Date.parse(plan.expires_at) <= moment.nowMs) {
    return refuse('illegal_transition', `${plan.id} expired at ${plan.expires_at}`);
  }
  if (plan.steps.length === 0) return refuse('illegal_transition', `${plan.id} changes nothing`);
  const { actor } = request;
  if (actor.kind !== 'user') return refuse('forbidden', `${actor.id} is a service; plans are approved by people`);
  if (plan.approvals.some((approval) => approval.by === actor.id)) {
    return refuse('duplicate_approver', `${actor.id} has approved ${plan.id} already`);
  }
  const needed = Math.max(1, plan.approvals_needed);
  if (plan.large_change) {
    if (plan.requested_by === actor.id) return refuse('duplicate_approver', `${actor.id} asked for ${plan.id}`);
    if (actor.second_factor !== true) {
      return refuse('second_factor_required', `${plan.id} is a large change: sign in with a second factor`);
    }
  }
  const approval: Approval = {
    by: actor.id,
    at: timestamp(moment.nowMs),
    second_factor: actor.second_factor === true,
    ...(request.comment === undefined ? {} : { comment: request.comment }),
  };
  const approvals = [...plan.approvals, approval];
  const names = approvals.map(({ by }) => by).join(' and ');
  if (approvals.length >= needed) {
    return { ok: true, state: move(state, 'approved', `approved by ${names}`, moment, { approvals }) };
  }
  const reason = `approved by ${names}, ${needed - approvals.length} more needed`;
  if (plan.status === 'awaiting_approval') {
    return { ok: true, state: amend(state, { approvals, status_reason: reason }, moment) };
  }
  return { ok: true, state: move(state, 'awaiting_approval', reason, moment, { approvals }) };
}

function suspicion(snapshot: Snapshot): string {
  return (
    snapshot.quality.suspects.map(({ source, reason }) => `${source} is ${reason}`).join(', ') || 'no reason given'
  );
}
