import type { Plan, Rollout } from '@capplan/contracts';
import { failingAfter, failuresBeforeEnd } from './back-off.ts';
import { type ChangeRecord, type Moment, move, type PoolPlans } from './pool-plans.ts';

/** Cooldowns and trends look back no further than this. */
const changesMax = 64;

const endOf: Partial<Record<Rollout['status'], 'completed' | 'failed' | 'reverted'>> = {
  finished: 'completed',
  failed: 'failed',
  reverted: 'reverted',
};

/**
 * What a rollout tells about the plan it carries out. Rollouts may be told late, twice or out of order: each carries
 * everything, so the newest word on a plan wins, and a plan whose life is over stays as it is.
 *
 * @returns the very same state when there is nothing new
 */
export function followRollout(before: PoolPlans, rollout: Rollout, moment: Moment): PoolPlans {
  let state = withChanges(before, rollout);
  if (state.active?.id !== rollout.plan_id) return state;
  const end = endOf[rollout.status];
  if (state.active.status === 'approved' && end !== 'failed') {
    state = move(state, 'executing', `carried out by ${rollout.id}`, moment);
  }
  if (!end || !state.active) return state;
  if (state.active.status !== 'executing' && state.active.status !== 'approved') return state;
  const plan = state.active;
  const known = state.failing ?? [];
  const ended = { status: end, reason: rollout.reason, nowMs: moment.nowMs };
  const failing = failingAfter(known, plan, ended);
  const failures = failuresBeforeEnd(known, plan, ended);
  const next = failing === known ? state : { ...state, failing: [...failing] };
  const change = failures === (plan.failures_before ?? 0) ? {} : { failures_before: failures };
  return move(next, end, rollout.reason, moment, change);
}

function withChanges(state: PoolPlans, rollout: Rollout): PoolPlans {
  const made = rollout.steps.flatMap((step): ChangeRecord[] =>
    step.ordered_at === undefined
      ? []
      : [
          {
            rollout_id: rollout.id,
            index: step.index,
            time_ms: Date.parse(step.ordered_at),
            from_workers: step.workers_before ?? step.from_workers,
            to_workers: step.to_workers,
          },
        ],
  );
  const fresh = made.filter(
    (change) => !state.changes.some(({ rollout_id: id, index }) => id === change.rollout_id && index === change.index),
  );
  if (fresh.length === 0) return state;
  const changes = [...state.changes, ...fresh].sort((a, b) => a.time_ms - b.time_ms).slice(-changesMax);
  return { ...state, changes };
}

/** Where a plan stuck in execution stands: the time after which somebody should ask what became of it. */
export function lastDueMs(plan: Plan): number {
  return Math.max(Date.parse(plan.updated_at), ...plan.steps.map((step) => Date.parse(step.timestamp)));
}
