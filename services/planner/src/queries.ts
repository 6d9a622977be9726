import {
  CapacityError,
  type Policy,
  type Pool,
  pageOf,
  type QueryName,
  type ReplyData,
  type RequestData,
  systemKey,
} from '@capplan/contracts';
import Type from 'typebox';
import { plannerId } from './decide/is-automatic.ts';
import { planId } from './decide/plan-id.ts';
import { findPlan } from './decide/pool-plans.ts';
import type { Deciding } from './deciding.ts';
import type { Stores } from './stores.ts';
import type { Views } from './views.ts';

type PlannerQuery = Exclude<
  Extract<QueryName, `plan.${string}` | `policy.${string}` | `pool.${string}`>,
  'pool.workers'
>;
export type PlannerQueries = { [N in PlannerQuery]: (data: RequestData<N>) => Promise<ReplyData<N>> };

const listLimitDefault = 100;

/**
 * What the planner tells. One thing is read from the store, because somebody may act on the answer; lists come from
 * this replica's view, which may be a moment behind.
 */
export function createQueries(deps: {
  stores: Stores;
  views: Views;
  deciding: Deciding;
  poolOf: (planId: string) => Promise<string>;
  nowMs: () => number;
}): PlannerQueries {
  const { stores, views, deciding, poolOf, nowMs } = deps;
  return {
    'plan.preview': async ({ pool }) => {
      const id = planId({ pool, cause: 'preview', timeMs: nowMs() });
      const plan = deciding.draft(deciding.automatic(deciding.ground(pool)), { id, requestedBy: plannerId });
      return {
        ...plan,
        status: 'draft',
        status_reason: plan.steps.length === 0 ? plan.status_reason : 'preview, not kept',
      };
    },
    'plan.get': async ({ plan_id: id }) => {
      const stored = await stores.plans.get(await poolOf(id));
      if (stored) views.wrotePlans(stored);
      const plan = findPlan(stored?.value, id);
      if (!plan) throw new CapacityError('not_found', `there is no plan ${id} any more`);
      return plan;
    },
    'plan.list': async ({ pool, status, ...asked }) => {
      const states = pool === undefined ? views.allPlans() : [views.plans(pool)];
      const plans = states
        .flatMap((stored) =>
          stored ? [...(stored.value.active ? [stored.value.active] : []), ...stored.value.recent] : [],
        )
        .filter((plan) => status === undefined || plan.status === status);
      const { items, ...rest } = pageOf(plans, asked, {
        list: 'plan.list',
        placeOf: (plan) => [plan.created_at, plan.id],
        idOf: ({ id }) => id,
        shape: Type.Tuple([Type.String(), Type.String()]),
        direction: 'descending',
        limitDefault: listLimitDefault,
      });
      return { plans: items, ...rest };
    },
    'policy.get': async ({ id }) => {
      const stored = await stores.policies.get(systemKey(id));
      if (!stored) throw new CapacityError('not_found', `there is no policy ${id}`);
      return stored.value.policy;
    },
    'policy.list': async (asked) => {
      const { items, ...rest } = pageOf(views.policies(), asked, byId<Policy>('policy.list'));
      return { policies: items, ...rest };
    },
    'pool.get': async ({ id }) => {
      const stored = await stores.pools.get(id);
      if (!stored) throw new CapacityError('not_found', `there is no pool ${id}`);
      return stored.value.pool;
    },
    'pool.list': async (asked) => {
      const { items, ...rest } = pageOf(views.pools(), asked, byId<Pool>('pool.list'));
      return { pools: items, ...rest };
    },
  };
}

function byId<T extends { id: string }>(list: string) {
  return {
    list,
    placeOf: ({ id }: T) => [id],
    idOf: ({ id }: T) => id,
    shape: Type.Tuple([Type.String()]),
    direction: 'ascending' as const,
  };
}
