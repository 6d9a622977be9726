import {
  CapacityError,
  durationSec,
  isCapacityError,
  type Policy,
  type Pool,
  pageOf,
  type QueryName,
  type ReplyData,
  type RequestData,
  systemKey,
  timestamp,
} from '@capplan/contracts';
import {
  createPoolGuard,
  type Records,
  type Service,
  type ServiceContext,
  type Subscription,
  type Ticker,
} from '@capplan/runtime';
import Type from 'typebox';
import { capsOf } from './caps.ts';
import type { ExecutorConfig } from './config.ts';
import type { Load } from './decide/next-act.ts';
import { noRollouts, PoolRollouts, startRollout } from './decide/pool-rollouts.ts';
import { createDriver, type Driver, type Questions } from './driver.ts';
import type { Actuators } from './ports.ts';

export interface ExecutorPorts {
  actuators: Actuators;
}

const listLimitDefault = 100;
const questionMs = 3000;
/** Who leaves first is worth a short wait only; the lease goes on meanwhile. */
const workersMs = 1000;
const workerPagesMax = 50;
const startAttemptsMax = 5;
/** Longer than a plan lives: one that cannot be begun ends by expiring, not as a dead letter. */
const approvedDeliveriesMax = 100;

/**
 * Carries out approved plans, one pool at a time, one executor per pool. It decides nothing about how many workers
 * there should be, and refuses whatever no longer fits what it finds.
 */
export function createExecutor(context: ServiceContext, config: ExecutorConfig, { actuators }: ExecutorPorts): Service {
  const { bus, clock, log, metrics, health } = context;
  const guard = createPoolGuard(context);
  const actor = { id: 'executor', kind: 'service' } as const;
  const subscriptions: Subscription[] = [];
  const rolloutsSeen = new Map<string, PoolRollouts>();
  const loads = new Map<string, Load>();
  /** Pools that are no more, as their removal was published. One that is merely not found may be a store's loss. */
  const gone = new Set<string>();
  const told = metrics.counter('capacity_rollout_events_total', 'Rollout changes told', ['event']);
  const underWay = metrics.gauge('capacity_rollouts_active', 'Rollouts under way');
  const orphaned = metrics.gauge(
    'capacity_executor_orphaned_workers',
    'Workers that still run of a pool that is no more',
    ['pool'],
  );
  const keptKnown = new Set<string>();
  let orphans: string[] = [];
  let ticker: Ticker | undefined;
  let rollouts: Records<PoolRollouts>;
  let driver: Driver;
  let started = false;
  health.watch('rollout records', () => ({ ready: started, detail: started ? 'open' : 'not open yet' }));

  async function found<N extends QueryName>(name: N, data: RequestData<N>, key: string) {
    try {
      return (await bus.request(name, data, { key, actor, timeoutMs: questionMs })) as ReplyData<N>;
    } catch (error) {
      if (isCapacityError(error, 'not_found')) return undefined;
      throw error;
    }
  }

  const ask: Questions = {
    plan: (planId, pool) => found('plan.get', { plan_id: planId }, pool),
    pool: (id) => found('pool.get', { id }, id) as Promise<Pool | undefined>,
    policy: (id) => found('policy.get', { id }, systemKey(id)) as Promise<Policy | undefined>,
    load: (pool) => loads.get(pool),
    async busySlots(pool) {
      const busy = new Map<string, number>();
      let cursor: string | undefined;
      try {
        for (let page = 0; page < workerPagesMax; page++) {
          const data = { pool, ...(cursor === undefined ? {} : { cursor }) };
          const answer = await bus.request('load.workers', data, { key: pool, actor, timeoutMs: workersMs });
          for (const { worker, busy: slots } of answer.workers) busy.set(worker, slots);
          cursor = answer.next_cursor;
          if (cursor === undefined) break;
        }
      } catch (error) {
        log.warn({ pool, error }, 'Nobody says which workers are idle; the newest leave first.');
      }
      return busy;
    },
    async receipt(rollout, index, detail) {
      const entry = {
        id: `${rollout.id}:step:${index}`,
        actor: actor.id,
        action: 'rollout.step',
        target: rollout.pool,
        outcome: 'about_to_act',
        time: timestamp(clock.nowMs()),
        detail,
      };
      const receipt = await bus.request('audit.append', entry, { key: rollout.pool, actor, timeoutMs: questionMs });
      if (receipt.id !== entry.id) {
        throw new CapacityError('no_audit_receipt', `the receipt is for ${receipt.id}, not for ${entry.id}`);
      }
      return `${receipt.sequence}:${receipt.hash}`;
    },
  };

  /** Rollouts that nobody can read go with their pool; until then they stay for an executor that can read them. */
  async function dropUnreadable(pool: string): Promise<void> {
    const stored = await rollouts.find(pool);
    if (stored && !stored.value) await rollouts.remove(pool, stored.revision);
  }

  async function start(planId: string, pool: string): Promise<void> {
    for (let attempt = 0; attempt < startAttemptsMax; attempt++) {
      const stored = await rollouts.get(pool);
      const plan = await ask.plan(planId, pool);
      if (!plan) return;
      const outcome = startRollout(stored?.value ?? noRollouts(pool), plan, clock.nowMs());
      if (!outcome.ok) {
        if (outcome.reason !== 'another_is_running') return;
        // The plan before was overtaken; its rollout finds that out by itself, and makes room.
        await driver.drive(pool);
        const after = await rollouts.get(pool);
        if (after?.value.active) throw new CapacityError('conflict', outcome.detail);
        continue;
      }
      try {
        if (stored) await rollouts.update(pool, outcome.state, stored.revision);
        else await rollouts.create(pool, outcome.state);
        return;
      } catch (error) {
        if (!isCapacityError(error, 'conflict')) throw error;
      }
    }
    throw new CapacityError('conflict', `the rollouts of ${pool} change too fast to begin another`);
  }

  async function driveAll(): Promise<void> {
    const active = [...rolloutsSeen].filter(([, state]) => state.active !== null).map(([pool]) => pool);
    underWay.set(active.length);
    const outcomes = await Promise.allSettled(active.map((pool) => guard.run(pool, () => driver.drive(pool))));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        log.warn({ pool: active[index], error: outcome.reason }, 'A rollout could not be moved on; it is tried again.');
      }
    }
  }

  /** What still runs of pools that are no more: asked to leave, and shown until it has left. */
  async function lookAfterGone(): Promise<void> {
    const all = [...new Set(Object.values(actuators))];
    for (const actuator of all) {
      for (const { pool, isRetired } of await actuator.kept()) {
        if (gone.has(pool) && !isRetired && (await ask.pool(pool)) === undefined) await driver.retire(pool, actuator);
      }
    }
    const left = (await Promise.all(all.map((actuator) => actuator.kept()))).flat();
    const running = new Map<string, number>();
    for (const { pool, running: count } of left) if (gone.has(pool) && count > 0) running.set(pool, count);
    for (const [pool, count] of running) orphaned.set(count, { pool });
    for (const pool of orphans) if (!running.has(pool)) orphaned.remove({ pool });
    orphans = [...running.keys()];
  }

  /**
   * After a restart an actuator knows whose workers it keeps, and not how they are started. It is told once, and brings back who
   * has ended meanwhile: of a pool without workers nothing is measured, so that no plan would.
   */
  async function lookAfterKept(): Promise<void> {
    for (const actuator of new Set(Object.values(actuators))) {
      for (const { pool: id, isRetired } of await actuator.kept()) {
        if (isRetired || keptKnown.has(id)) continue;
        const pool = await ask.pool(id);
        if (pool === undefined || actuators[pool.actuator.kind] !== actuator) continue;
        await actuator.current(pool);
        keptKnown.add(id);
      }
    }
  }

  async function look(): Promise<void> {
    await driveAll();
    try {
      await lookAfterKept();
      await lookAfterGone();
    } catch (error) {
      log.warn({ error }, 'Looking after the workers of restarted and removed pools failed; the next look comes.');
    }
  }

  async function workersOf(id: string): Promise<ReplyData<'pool.workers'>> {
    const pool = await ask.pool(id);
    if (!pool) throw new CapacityError('not_found', `there is no pool ${id}`);
    return actuators[pool.actuator.kind].current(pool);
  }

  async function list({ pool, plan_id: planId, ...asked }: RequestData<'rollout.list'>) {
    // The rollouts of all pools come from this replica's view, which may be a moment behind: reading every record for every
    // page would cost the square of them.
    const states = pool === undefined ? [...rolloutsSeen.values()] : [(await rollouts.get(pool))?.value];
    const all = states.flatMap((state) => (state ? [...(state.active ? [state.active] : []), ...state.recent] : []));
    const wanted = planId === undefined ? all : all.filter((rollout) => rollout.plan_id === planId);
    const { items, ...rest } = pageOf(wanted, asked, {
      list: 'rollout.list',
      placeOf: (rollout) => [rollout.started_at, rollout.id],
      idOf: ({ id }) => id,
      shape: Type.Tuple([Type.String(), Type.String()]),
      direction: 'descending',
      limitDefault: listLimitDefault,
    });
    return { rollouts: items, ...rest };
  }

  return {
    name: 'executor',
    async start() {
      rollouts = await context.records<PoolRollouts>('rollouts', PoolRollouts);
      driver = createDriver({
        rollouts,
        leases: context.leases,
        actuators,
        ask,
        clock,
        config,
        // A name per life: an order that a former life sent must not pass for one of this.
        holder: `${context.instance}-${context.random.integer(2 ** 32).toString(36)}`,
        log,
      });
      subscriptions.push(
        await bus.follow('load.observed', ({ envelope: { data } }) => {
          const offeredSlots = data.arrival_rate * data.service_time_mean_s;
          const seen = { timestampMs: Date.parse(data.timestamp), intervalMs: 1000 * data.interval_s, offeredSlots };
          const known = loads.get(data.pool);
          if (known && known.timestampMs > seen.timestampMs) return;
          const p95 = durationSec(data.service_time_p95);
          const serviceSecP95 = p95 > 0 ? p95 : known?.serviceSecP95;
          const { busy_slots: busySlots, quality } = data;
          loads.set(data.pool, { ...seen, busySlots, serviceSecP95, trusted: quality.trusted });
        }),
        await rollouts.watch(({ key, value }) => {
          if (value) rolloutsSeen.set(key, value);
          else rolloutsSeen.delete(key);
        }),
        await rollouts.relay('executor-rollout-relay', async ({ key, value }) => {
          for (const { event, version, rollout } of value?.outbox ?? []) {
            const { duplicate } = await bus.publish({
              type: event,
              key,
              data: rollout,
              cause: `${rollout.id}:${version}`,
            });
            if (!duplicate) told.add({ event });
          }
        }),
        await bus.consume(
          'plan.approved',
          { durable: 'executor-plan-approved', maxDeliveries: approvedDeliveriesMax },
          async ({ envelope: { data } }) => {
            await start(data.id, data.pool);
            await driver.drive(data.pool);
          },
        ),
        await bus.consume('plan.executing', { durable: 'executor-plan-executing' }, ({ envelope: { data } }) =>
          driver.drive(data.pool),
        ),
        await bus.consume('plan.cancelled', { durable: 'executor-plan-cancelled' }, ({ envelope: { data } }) =>
          driver.drive(data.pool),
        ),
        await bus.follow('pool.changed', async ({ envelope: { key, data } }) => {
          if (data.pool !== null) gone.delete(key);
          else {
            loads.delete(key);
            guard.forget(key);
            gone.add(key);
            await dropUnreadable(key);
          }
        }),
        await bus.respond('rollout.list', ({ data }) => list(data)),
        await bus.respond('executor.caps', async () => capsOf(config, actuators)),
        await bus.respond('pool.workers', ({ data }) => workersOf(data.pool)),
      );
      ticker = clock.every(config.tickMs, look, (error) =>
        log.error({ error }, 'Looking at the rollouts failed; the next look comes.'),
      );
      started = true;
    },
    async stop() {
      started = false;
      await ticker?.stop();
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
