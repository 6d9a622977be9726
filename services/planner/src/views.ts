import type { Forecast, Policy, Pool, Requirement, Snapshot } from '@capplan/contracts';
import { costPerHourOf, createPoolMemory, observeSnapshot, type PoolMemory } from '@capplan/deciding';
import type { ServiceContext, StoredRecord, Subscription } from '@capplan/runtime';
import type { PoolPlans } from './decide/pool-plans.ts';
import { noIntervals, type ObjectiveWatch, watchObjective } from './decide/watch-objective.ts';
import type { PolicyRecord, PoolRecord, Stores } from './stores.ts';
import { createWindowInputs, type WindowInputs } from './window-inputs.ts';

export interface PoolWatch {
  memory: PoolMemory;
  objective: ObjectiveWatch;
  breach: NonNullable<ReturnType<typeof watchObjective>['breach']> | undefined;
  breachEndMs: number;
  /** End of the newest window that a decision was made for. */
  decidedMs: number;
}

/** What this replica knows of the world, and could rebuild at any time. */
export interface Views {
  pool(id: string): Pool | undefined;
  policy(id: string): Policy | undefined;
  pools(): Pool[];
  policies(): Policy[];
  plans(pool: string): StoredRecord<PoolPlans> | undefined;
  allPlans(): StoredRecord<PoolPlans>[];
  poolOfPlan(planId: string): string | undefined;
  snapshot(pool: string): Snapshot | undefined;
  forecast(pool: string): Forecast | undefined;
  requirement(pool: string): Requirement | undefined;
  watchOf(pool: string): PoolWatch;
  /** What belongs to a snapshot's window, waited for. */
  inputs: WindowInputs;
  costPerHour(snapshot: Snapshot): number;
  /** Takes a snapshot in; false when a newer one is known. */
  observe(snapshot: Snapshot): boolean;
  /** Takes in what this replica has just written, before it comes back from the store. */
  wrotePlans(record: StoredRecord<PoolPlans>): void;
  wrotePool(id: string, record: PoolRecord | undefined, revision: number): void;
  wrotePolicy(id: string, record: PolicyRecord | undefined, revision: number): void;
  start(): Promise<Subscription[]>;
}

interface Kept<T> {
  value: T | undefined;
  revision: number;
}

export function createViews(
  { bus, clock }: ServiceContext,
  stores: Stores,
  onAnomaly: (pool: string, kind: string) => void,
): Views {
  const pools = new Map<string, Kept<PoolRecord>>();
  const policies = new Map<string, Kept<PolicyRecord>>();
  const plans = new Map<string, StoredRecord<PoolPlans>>();
  const poolOf = new Map<string, string>();
  const snapshots = new Map<string, Snapshot>();
  const forecasts = new Map<string, Forecast>();
  const requirements = new Map<string, Requirement>();
  const watches = new Map<string, PoolWatch>();

  const keep = <T>(map: Map<string, Kept<T>>, id: string, value: T | undefined, revision: number) => {
    if ((map.get(id)?.revision ?? 0) < revision) map.set(id, { value, revision });
  };
  const isRemoved = (pool: string): boolean => pools.has(pool) && pools.get(pool)?.value === undefined;
  const keepPool = (id: string, value: PoolRecord | undefined, revision: number) => {
    keep(pools, id, value, revision);
    if (isRemoved(id)) for (const map of [snapshots, forecasts, requirements, watches]) map.delete(id);
  };
  const newer = <T extends { made_at: string }>(map: Map<string, T>, pool: string, value: T) => {
    if (isRemoved(pool)) return;
    const known = map.get(pool);
    if (!known || known.made_at <= value.made_at) map.set(pool, value);
  };

  const forgetPlans = (pool: string) => {
    const { active, recent } = plans.get(pool)?.value ?? { active: null, recent: [] };
    for (const plan of active ? [active, ...recent] : recent) poolOf.delete(plan.id);
    plans.delete(pool);
  };

  const views: Views = {
    pool: (id) => pools.get(id)?.value?.pool,
    policy: (id) => policies.get(id)?.value?.policy,
    pools: () => [...pools.values()].flatMap(({ value }) => (value ? [value.pool] : [])),
    policies: () => [...policies.values()].flatMap(({ value }) => (value ? [value.policy] : [])),
    plans: (pool) => plans.get(pool),
    allPlans: () => [...plans.values()],
    poolOfPlan: (planId) => poolOf.get(planId),
    snapshot: (pool) => snapshots.get(pool),
    forecast: (pool) => forecasts.get(pool),
    requirement: (pool) => requirements.get(pool),
    inputs: createWindowInputs(clock, {
      forecast: (pool) => forecasts.get(pool),
      requirement: (pool) => requirements.get(pool),
    }),
    watchOf(pool) {
      const known = watches.get(pool);
      if (known) return known;
      const fresh: PoolWatch = {
        memory: createPoolMemory(clock.nowMs()),
        objective: noIntervals,
        breach: undefined,
        breachEndMs: 0,
        decidedMs: 0,
      };
      if (!isRemoved(pool)) watches.set(pool, fresh);
      return fresh;
    },
    costPerHour: (snapshot) => costPerHourOf(snapshot, views.pool(snapshot.pool)?.worker_cost_per_hour ?? 0),
    observe(snapshot) {
      const known = snapshots.get(snapshot.pool);
      if (known && known.timestamp > snapshot.timestamp) return false;
      if (isRemoved(snapshot.pool)) return true;
      snapshots.set(snapshot.pool, snapshot);
      const pool = views.pool(snapshot.pool);
      if (!pool) return true;
      const watch = views.watchOf(snapshot.pool);
      observeSnapshot(watch.memory, snapshot, pool.worker_cost_per_hour);
      const policy = views.policy(pool.policy_id);
      if (!policy || known?.timestamp === snapshot.timestamp) return true;
      const held = watchObjective(watch.objective, policy, snapshot);
      watch.objective = held.watch;
      watch.breach = held.breach;
      watch.breachEndMs = Date.parse(snapshot.timestamp);
      return true;
    },
    wrotePlans(record) {
      const known = plans.get(record.key);
      if (known && known.revision >= record.revision) return;
      for (const plan of known?.value.recent ?? []) poolOf.delete(plan.id);
      plans.set(record.key, record);
      const { active, recent } = record.value;
      for (const plan of active ? [active, ...recent] : recent) poolOf.set(plan.id, record.key);
    },
    wrotePool: keepPool,
    wrotePolicy: (id, record, revision) => keep(policies, id, record, revision),
    async start() {
      return [
        await stores.policies.watch(({ key, value, revision }) => keep(policies, key.slice(2), value, revision)),
        await stores.pools.watch(({ key, value, revision }) => keepPool(key, value, revision)),
        await stores.plans.watch(({ key, value, revision }) => {
          if (value) views.wrotePlans({ key, value, revision });
          else if ((plans.get(key)?.revision ?? revision) < revision) forgetPlans(key);
        }),
        await bus.follow('load.observed', ({ envelope: { data } }) => {
          views.observe(data);
        }),
        await bus.follow('forecast.made', ({ envelope: { data } }) => {
          const begins = data.anomaly !== null && forecasts.get(data.pool)?.anomaly?.kind !== data.anomaly.kind;
          if (begins && views.pool(data.pool)) onAnomaly(data.pool, data.anomaly?.kind ?? '');
          newer(forecasts, data.pool, data);
          views.inputs.arrived(data.pool);
        }),
        await bus.follow('capacity.sized', ({ envelope: { data } }) => {
          newer(requirements, data.pool, data);
          views.inputs.arrived(data.pool);
        }),
      ];
    },
  };
  return views;
}
