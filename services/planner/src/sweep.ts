import { everyItem, isCapacityError, type Plan, timestamp } from '@capplan/contracts';
import { monthStart, noSpending, spend } from '@capplan/deciding';
import type { PoolGuard, ServiceContext } from '@capplan/runtime';
import type { PlannerConfig } from './config.ts';
import { expire } from './decide/consider.ts';
import { followRollout, lastDueMs } from './decide/follow-rollout.ts';
import { plannerId } from './decide/is-automatic.ts';
import { type Moment, noPlans, type PoolPlans, told } from './decide/pool-plans.ts';
import type { Stores } from './stores.ts';
import type { Views } from './views.ts';

const attemptsMax = 6;
const actor = { id: plannerId, kind: 'service' } as const;

export interface Sweep {
  /** Changes a pool's plans; does nothing where `work` gives the same state back. */
  change(pool: string, work: (state: PoolPlans, moment: Moment) => PoolPlans): Promise<void>;
  run(): Promise<void>;
}

/** What has to be looked after although no message comes: expiry, plans stuck in execution, money spent. */
export function createSweep(
  { bus, clock, log }: ServiceContext,
  config: PlannerConfig,
  stores: Stores,
  views: Views,
  guard: PoolGuard,
): Sweep {
  const askedMs = new Map<string, number>();

  const change: Sweep['change'] = async (pool, work) => {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const stored = await stores.plans.get(pool);
      const before = told(stored?.value ?? noPlans(pool));
      const after = work(before, { nowMs: clock.nowMs(), recentMax: config.recentMax });
      if (after === before) return;
      try {
        const revision = stored
          ? await stores.plans.update(pool, after, stored.revision)
          : await stores.plans.create(pool, after);
        views.wrotePlans({ key: pool, value: after, revision });
        return;
      } catch (error) {
        if (!isCapacityError(error, 'conflict')) throw error;
      }
    }
    throw new Error(`the plans of ${pool} change too fast`);
  };

  async function rescue(plan: Plan): Promise<void> {
    const data = { pool: plan.pool, plan_id: plan.id };
    const rollouts = await everyItem(
      (at) => bus.request('rollout.list', { ...data, ...at }, { key: plan.pool, actor }),
      (page) => page.rollouts,
    );
    for (const rollout of rollouts) await change(plan.pool, (state, moment) => followRollout(state, rollout, moment));
  }

  async function seed(pool: string): Promise<void> {
    const nowMs = clock.nowMs();
    const price = views.pool(pool)?.worker_cost_per_hour ?? 0;
    const data = { pool, from: timestamp(monthStart(nowMs)), to: timestamp(nowMs), every_s: 3600 };
    const points = await everyItem(
      (at) => bus.request('load.history', { ...data, ...at }, { key: pool, actor }),
      (page) => page.points,
    );
    let spending = noSpending(nowMs);
    for (const point of points) {
      // What was imported was spent elsewhere.
      const lengthMs = 1000 * point.interval_s * (1 - (point.imported_share ?? 0));
      const costPerHour = point.cost_per_hour ?? point.current_workers * price;
      spending = spend(spending, { endMs: Date.parse(point.timestamp) + lengthMs, lengthMs, costPerHour });
    }
    const watch = views.watchOf(pool);
    watch.memory.spending = spending;
    watch.memory.isSpendingKnown = true;
  }

  async function attempt(pool: string, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await guard.run(pool, work);
    } catch (error) {
      log.warn({ error }, `${what} did not work out; it is tried again.`);
    }
  }

  return {
    change,
    async run() {
      const nowMs = clock.nowMs();
      for (const { value } of views.allPlans()) {
        const plan = value.active;
        if (!plan) continue;
        if (plan.status !== 'executing' && Date.parse(plan.expires_at) <= nowMs) {
          await attempt(plan.pool, `Letting ${plan.id} expire`, () => change(plan.pool, expire));
        } else if (plan.status === 'executing' && nowMs - lastDueMs(plan) > 1000 * config.stuckAfterSec) {
          await attempt(plan.pool, `Asking what became of ${plan.id}`, () => rescue(plan));
        }
      }
      for (const pool of views.pools()) {
        const cost = views.policy(pool.policy_id)?.cost;
        const hasBudget = cost?.hourly_budget !== undefined || cost?.monthly_budget !== undefined;
        if (!hasBudget || views.watchOf(pool.id).memory.isSpendingKnown || nowMs - (askedMs.get(pool.id) ?? 0) < 60_000)
          continue;
        askedMs.set(pool.id, nowMs);
        await attempt(pool.id, `Learning what ${pool.id} has spent`, () => seed(pool.id));
      }
    },
  };
}
