import { type EventType, type RequestName, systemKey } from '@capplan/contracts';
import {
  createPoolGuard,
  type IncomingRequest,
  type Service,
  type ServiceContext,
  type Subscription,
  type Ticker,
} from '@capplan/runtime';
import type { PlannerConfig } from './config.ts';
import { followRollout } from './decide/follow-rollout.ts';
import { createDeciding } from './deciding.ts';
import { createExecutorLimits } from './executor-limits.ts';
import { createFigures } from './figures.ts';
import { createPlanCommands } from './plan-commands.ts';
import type { PlanningCore, Trials } from './ports.ts';
import { createQueries } from './queries.ts';
import { createRecordCommands } from './record-commands.ts';
import { createReceipts, openStores } from './stores.ts';
import { createSweep } from './sweep.ts';
import { createViews } from './views.ts';

export interface PlannerPorts {
  planning: PlanningCore;
  trials: Trials;
}

const rolloutEvents = [
  'rollout.started',
  'rollout.stepped',
  'rollout.held',
  'rollout.finished',
  'rollout.failed',
  'rollout.reverted',
] as const satisfies readonly EventType[];

/**
 * Owns pools, policies and plans. Every measurement may lead to a plan; every plan lives by its policy's mode; every
 * change of a record is told by the relay of the store itself, so that what is written and what is said cannot part.
 */
export function createPlanner(context: ServiceContext, config: PlannerConfig, ports: PlannerPorts): Service {
  const { bus, clock, health, log, metrics } = context;
  const subscriptions: Subscription[] = [];
  const figures = createFigures(metrics);
  const guard = createPoolGuard(context);
  let ticker: Ticker | undefined;
  let started = false;
  health.watch('plan records', () => ({ ready: started, detail: started ? 'open' : 'not open yet' }));

  async function start(): Promise<void> {
    const stores = await openStores(context);
    const views = createViews(context, stores, figures.anomaly);
    const receipts = createReceipts(context);
    const limits = createExecutorLimits(context);
    const deciding = createDeciding({ context, config, stores, views, receipts, limits, ...ports });
    const sweep = createSweep(context, config, stores, views, guard);
    const plans = createPlanCommands({ clock, config, stores, views, deciding, limits, receipts });
    const records = createRecordCommands({ bus, clock, config, stores, views, receipts });
    const queries = createQueries({ stores, views, deciding, poolOf: plans.poolOf, nowMs: () => clock.nowMs() });
    subscriptions.push(...(await views.start()));

    subscriptions.push(
      await stores.policies.relay('planner-policy-relay', async ({ key, value, revision }) => {
        const id = key.slice(systemKey('').length);
        const data = { id, revision, policy: value?.policy ?? null };
        await bus.publish({ type: 'policy.changed', key, data, cause: String(revision) });
      }),
      await stores.pools.relay('planner-pool-relay', async ({ key, value, revision }) => {
        const data = { id: key, revision, pool: value?.pool ?? null };
        await bus.publish({ type: 'pool.changed', key, data, cause: String(revision) });
      }),
      await stores.plans.relay('planner-plan-relay', async ({ key, value }) => {
        for (const { event, version, plan } of value?.outbox ?? []) {
          const { duplicate } = await bus.publish({ type: event, key, data: plan, cause: `${plan.id}:${version}` });
          if (!duplicate) figures.told(event);
        }
      }),
    );

    subscriptions.push(
      // Each replica of its own accord: a relay is heard by one of them.
      await bus.follow('pool.changed', ({ envelope: { key, data } }) => {
        if (data.pool !== null) return;
        guard.forget(key);
        views.inputs.forget(key);
      }),
    );

    const { poolOf: _index, ...planCommands } = plans;
    const commands = { ...planCommands, ...records };
    for (const [name, answer] of Object.entries(commands)) {
      subscriptions.push(await bus.respond(name as RequestName, answer as never));
    }
    for (const [name, answer] of Object.entries(queries)) {
      const query = answer as (data: unknown) => Promise<unknown>;
      subscriptions.push(
        await bus.respond(name as RequestName, (({ data }: IncomingRequest<RequestName>) => query(data)) as never),
      );
    }
    for (const type of rolloutEvents) {
      subscriptions.push(
        await bus.consume(type, { durable: `planner-${type.replace('.', '-')}` }, ({ envelope: { data } }) =>
          sweep.change(data.pool, (state, moment) => followRollout(state, data, moment)),
        ),
      );
    }
    subscriptions.push(
      await bus.consume('load.observed', { durable: 'planner-load-observed' }, async ({ envelope: { data } }) => {
        await guard.run(data.pool, async () => {
          const without = views.pool(data.pool) ? await views.inputs.of(data) : [];
          const beganMs = clock.nowMs();
          await deciding.onSnapshot(data, without);
          figures.planned((clock.nowMs() - beganMs) / 1000);
        });
        const { intervals } = views.watchOf(data.pool).objective;
        const within = intervals.filter(({ isWithin }) => isWithin).length;
        if (intervals.length > 0 && views.pool(data.pool)) figures.objective(data.pool, within / intervals.length);
      }),
    );
    const look = async () => {
      figures.refresh();
      await limits.refresh();
      await sweep.run();
    };
    ticker = clock.every(config.sweepMs, look, (error) => log.error({ error }, 'A sweep failed; the next one comes.'));
    started = true;
  }

  return {
    name: 'planner',
    start,
    async stop() {
      started = false;
      await ticker?.stop();
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
