import { CapacityError, type ErrorCode, isCapacityError, type Plan, type PlanStatus } from '@capplan/contracts';
import type { Clock, IncomingRequest } from '@capplan/runtime';
import type { PlannerConfig } from './config.ts';
import { approve } from './decide/approvals.ts';
import { mayTarget } from './decide/operator-target.ts';
import { planId } from './decide/plan-id.ts';
import { endPlan, replacePlan, rollbackTarget } from './decide/plan-requests.ts';
import { findPlan, type Moment, noPlans, type PoolPlans, remembered, told } from './decide/pool-plans.ts';
import type { Deciding, Ground } from './deciding.ts';
import type { ExecutorLimits } from './executor-limits.ts';
import type { Receipts, Stores } from './stores.ts';
import type { Views } from './views.ts';

export type PlanCommand =
  | 'plan.create'
  | 'plan.apply'
  | 'plan.approve'
  | 'plan.reject'
  | 'plan.cancel'
  | 'plan.rollback';
type Answers = { [N in PlanCommand]: (request: IncomingRequest<N>) => Promise<Plan> };

export interface PlanCommandDeps {
  clock: Clock;
  config: PlannerConfig;
  stores: Stores;
  views: Views;
  deciding: Deciding;
  limits: ExecutorLimits;
  receipts: Receipts;
}

interface Ask {
  id: string;
  name: PlanCommand;
  actor: IncomingRequest<PlanCommand>['actor'];
}

const attemptsMax = 6;
const alreadyApplied: readonly PlanStatus[] = ['approved', 'executing', 'completed'];

/** What people ask of plans. Each command is checked, audited and written, in this order, and can be repeated. */
export function createPlanCommands(deps: PlanCommandDeps): Answers & { poolOf: (planId: string) => Promise<string> } {
  const { clock, config, stores, views, deciding, limits, receipts } = deps;
  const moment = (): Moment => ({ nowMs: clock.nowMs(), recentMax: config.recentMax });

  async function poolOf(id: string): Promise<string> {
    const known = views.poolOfPlan(id);
    if (known !== undefined) return known;
    // Another replica may have made it a moment ago.
    for (const stored of await stores.plans.list()) {
      views.wrotePlans(stored);
      if (findPlan(stored.value, id)) return stored.key;
    }
    throw new CapacityError('not_found', `there is no plan ${id}`);
  }

  async function change(
    ask: Ask,
    pool: string,
    work: (state: PoolPlans) => { state: PoolPlans; planId: string },
  ): Promise<Plan> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const stored = await stores.plans.get(pool);
      const before = told(stored?.value ?? noPlans(pool));
      const repeated = before.commands.find(({ id }) => id === ask.id);
      if (repeated) return planIn(before, repeated.plan_id);
      const { state, planId: changedId } = work(before);
      if (state === before) return planIn(before, changedId);
      const plan = planIn(state, changedId);
      await receipts.obtain({
        id: `command:${ask.id}`,
        key: pool,
        actor: ask.actor,
        action: ask.name,
        target: changedId,
        detail: {
          pool,
          status: plan.status,
          from: plan.current_workers,
          to: plan.target_workers,
          reason: plan.status_reason,
        },
      });
      const after = remembered(state, { id: ask.id, plan_id: changedId });
      try {
        const revision = stored
          ? await stores.plans.update(pool, after, stored.revision)
          : await stores.plans.create(pool, after);
        views.wrotePlans({ key: pool, value: after, revision });
        return plan;
      } catch (error) {
        if (!isCapacityError(error, 'conflict')) throw error;
      }
    }
    throw new CapacityError('conflict', `the plans of ${pool} change too fast; try again`);
  }

  function asked(ground: Ground, target: number, by: string, why: string): Ground {
    const { pool, policy, decision } = ground;
    const moment = { nowMs: clock.nowMs(), pool, policy, caps: limits.caps() };
    const verdict = mayTarget(target, decision.currentWorkers, moment);
    if (!verdict.ok) {
      const code = verdict.reason === 'cost_limit_exceeded' ? 'cost_limit_exceeded' : 'invalid_input';
      throw new CapacityError(code, verdict.detail);
    }
    return deciding.ordered(ground, { workers: target, by, why });
  }

  function groundFor(poolId: string): Ground {
    const ground = deciding.ground(poolId);
    if (ground.policy.enabled) return ground;
    throw new CapacityError('invalid_input', `policy ${ground.policy.id} is disabled; enable it before making plans`);
  }

  /** A plan that a person asked for needs a person's approval, whatever the mode. */
  function makePlan(ask: Ask, poolId: string, ground: Ground): Plan {
    const id = planId({ pool: poolId, cause: ask.id, timeMs: clock.nowMs() });
    const plan = deciding.draft(ground, { id, requestedBy: ask.actor.id });
    return { ...plan, approvals_needed: Math.max(1, plan.approvals_needed) };
  }

  function requireActuator(plan: Plan): void {
    const pool = views.pool(plan.pool);
    if (!pool || limits.canAct(pool)) return;
    const said = `no actuator carries out what is planned for ${plan.pool}; it is only shown`;
    throw new CapacityError('illegal_transition', said);
  }

  const approving = async (request: Ask & { data: { plan_id: string; comment?: string } }, isApply: boolean) => {
    const { plan_id: id, comment } = request.data;
    return change(request, await poolOf(id), (before) => {
      const plan = planIn(before, id);
      if (isApply && alreadyApplied.includes(plan.status)) return { state: before, planId: id };
      requireActuator(plan);
      const outcome = approve(before, { planId: id, actor: request.actor, comment }, moment());
      return { state: allowed(outcome).state, planId: id };
    });
  };

  const ending = async (
    request: Ask & { data: { plan_id: string; comment?: string } },
    to: 'rejected' | 'cancelled',
  ) => {
    const { plan_id: id, comment } = request.data;
    const ask = { planId: id, to, by: request.actor.id, comment };
    return change(request, await poolOf(id), (before) => ({
      state: allowed(endPlan(before, ask, moment())).state,
      planId: id,
    }));
  };

  return {
    poolOf,
    'plan.create': async (request) => {
      const { pool, target_workers: target } = request.data;
      const ground = groundFor(pool);
      const chosen =
        target === undefined ? ground : asked(ground, target, request.actor.id, `asked for ${target} workers`);
      const plan = makePlan(request, pool, chosen);
      return change(request, pool, (before) => ({
        state: allowed(replacePlan(before, plan, moment())).state,
        planId: plan.id,
      }));
    },
    'plan.apply': (request) => approving(request, true),
    'plan.approve': (request) => approving(request, false),
    'plan.reject': (request) => ending(request, 'rejected'),
    'plan.cancel': (request) => ending(request, 'cancelled'),
    'plan.rollback': async (request) => {
      const { plan_id: id } = request.data;
      const pool = await poolOf(id);
      return change(request, pool, (before) => {
        const done = planIn(before, id);
        const ground = groundFor(pool);
        const { workers } = allowed(rollbackTarget(done, ground.decision.currentWorkers));
        const why = `rolls ${id} back to ${workers} workers`;
        const plan = makePlan(request, pool, asked(ground, workers, request.actor.id, why));
        return { state: allowed(replacePlan(before, plan, moment())).state, planId: plan.id };
      });
    },
  };
}

/** What a rule allows; its refusal becomes the error that the asker gets. */
function allowed<T extends { ok: true }>(outcome: T | { ok: false; code: ErrorCode; detail: string }): T {
  if (!outcome.ok) throw new CapacityError(outcome.code, outcome.detail);
  return outcome;
}

function planIn(state: PoolPlans, id: string): Plan {
  const plan = findPlan(state, id);
  if (!plan) throw new CapacityError('not_found', `there is no plan ${id} any more`);
  return plan;
}
