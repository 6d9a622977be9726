import { CapacityError, isCapacityError, type Policy, type Pool, systemKey, timestamp } from '@capplan/contracts';
import type { Bus, Clock, IncomingRequest, Records } from '@capplan/runtime';
import type { PlannerConfig } from './config.ts';
import { plannerId } from './decide/is-automatic.ts';
import { move, told } from './decide/pool-plans.ts';
import {
  hasBeenScaled,
  isMoved,
  isSoundPool,
  mayGovern,
  mayLetGo,
  mayPutPolicy,
  mayRemovePolicy,
  type RecordVerdict,
} from './decide/record-rules.ts';
import type { Receipts, Stores } from './stores.ts';
import type { Views } from './views.ts';

export interface RecordCommandDeps {
  bus: Bus;
  clock: Clock;
  config: PlannerConfig;
  stores: Stores;
  views: Views;
  receipts: Receipts;
}

export interface RecordCommands {
  'policy.put'(request: IncomingRequest<'policy.put'>): Promise<Policy>;
  'policy.remove'(request: IncomingRequest<'policy.remove'>): Promise<Record<string, never>>;
  'pool.put'(request: IncomingRequest<'pool.put'>): Promise<Pool>;
  'pool.remove'(request: IncomingRequest<'pool.remove'>): Promise<Record<string, never>>;
}

type Ask = Pick<IncomingRequest<keyof RecordCommands>, 'id' | 'name' | 'actor'>;
const attemptsMax = 6;
/** Shorter than whoever asks us waits. */
const workersMs = 2000;

/** What people ask of policies and pools. The rules between the two are checked against the store, not against a view. */
export function createRecordCommands({
  bus,
  clock,
  config,
  stores,
  views,
  receipts,
}: RecordCommandDeps): RecordCommands {
  const allPools = async () => (await stores.pools.list()).map(({ value }) => value.pool);

  const audited = (ask: Ask, key: string, target: string, detail: unknown) =>
    receipts.obtain({ id: `command:${ask.id}`, key, actor: ask.actor, action: ask.name, target, detail });

  /** Writes over what `find` found, readable or not, or where nothing was; undefined when somebody else was first. */
  async function write<T>(records: Records<T>, key: string, value: T, stored: { revision: number } | undefined) {
    try {
      return stored ? await records.update(key, value, stored.revision) : await records.create(key, value);
    } catch (error) {
      if (isCapacityError(error, 'conflict')) return undefined;
      throw error;
    }
  }

  async function retried<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
    for (let count = 0; count < attemptsMax; count++) {
      const outcome = await attempt();
      if (outcome !== undefined) return outcome;
    }
    throw new CapacityError('conflict', `${what} changes too fast; try again`);
  }

  /** How many workers are meant to run. Where nobody says, the answer is not zero. */
  async function workersOf(pool: string): Promise<number> {
    const actor = { id: plannerId, kind: 'service' } as const;
    try {
      return (await bus.request('pool.workers', { pool }, { key: pool, actor, timeoutMs: workersMs })).workers;
    } catch (cause) {
      const said = `whether workers of ${pool} run is not known, because the executor does not answer; nothing was changed, try again`;
      throw new CapacityError('unavailable', said, { cause });
    }
  }

  /** A pool whose record cannot be read is one that nobody can ask about: removing it is how it is mended. */
  async function allowLettingGo(pool: Pool | undefined, how: 'remove' | 'drain' | 'move'): Promise<void> {
    if (!pool) return;
    const stored = await stores.plans.find(pool.id);
    const plans = stored?.value;
    // Plans that cannot be read may have ordered workers.
    if ((!stored || plans) && !hasBeenScaled(plans)) return;
    allow(mayLetGo(pool, { active: plans?.active ?? null, workers: await workersOf(pool.id), how }));
  }

  async function cancelPlans(id: string, why: string): Promise<void> {
    await retried(`the plans of ${id}`, async () => {
      const stored = await stores.plans.find(id);
      if (!stored) return true;
      if (!stored.value) return removed(stores.plans, id, stored.revision);
      const state = told(stored.value);
      if (!state.active) return true;
      if (state.active.status === 'executing') {
        throw new CapacityError(
          'illegal_transition',
          `${state.active.id} is being carried out on ${id}; wait until it is over`,
        );
      }
      const after = move(state, 'cancelled', why, { nowMs: clock.nowMs(), recentMax: config.recentMax });
      return (await write(stores.plans, id, after, stored)) === undefined ? undefined : true;
    });
  }

  /** Plans that nobody can read can be neither cancelled nor carried out: a pool that is put anew begins without them. */
  async function dropUnreadablePlans(id: string): Promise<void> {
    await retried(`the plans of ${id}`, async () => {
      const stored = await stores.plans.find(id);
      return stored && !stored.value ? removed(stores.plans, id, stored.revision) : true;
    });
  }

  return {
    'policy.put': (request) => {
      const { policy: sent, must } = request.data;
      const key = systemKey(sent.id);
      return retried(`policy ${sent.id}`, async () => {
        const stored = await stores.policies.find(key);
        if (stored?.value?.command_id === request.id) return stored.value.policy;
        if (stored && must === 'create') throw new CapacityError('conflict', `policy ${sent.id} is there already`);
        if (!stored && must === 'update') throw new CapacityError('not_found', `there is no policy ${sent.id}`);
        allow(mayPutPolicy(sent, await allPools()));
        const policy: Policy = { ...sent, updated_at: timestamp(clock.nowMs()) };
        await audited(request, key, sent.id, policy);
        const record = { policy, command_id: request.id };
        const revision = await write(stores.policies, key, record, stored);
        if (revision === undefined) return undefined;
        views.wrotePolicy(sent.id, record, revision);
        return policy;
      });
    },
    'policy.remove': (request) => {
      const { id } = request.data;
      const key = systemKey(id);
      return retried(`policy ${id}`, async () => {
        const stored = await stores.policies.find(key);
        if (!stored) throw new CapacityError('not_found', `there is no policy ${id}`);
        allow(mayRemovePolicy(id, await allPools()));
        await audited(request, key, id, {});
        return removed(stores.policies, key, stored.revision);
      });
    },
    'pool.put': (request) => {
      const { pool: sent } = request.data;
      return retried(`pool ${sent.id}`, async () => {
        const stored = await stores.pools.find(sent.id);
        if (stored?.value?.command_id === request.id) return stored.value.pool;
        const governing = await stores.policies.get(systemKey(sent.policy_id));
        if (!governing)
          throw new CapacityError('policy_mismatch', `there is no policy ${sent.policy_id}; put it first`);
        allow(isSoundPool(sent));
        allow(mayGovern(governing.value.policy, sent));
        const before = stored?.value?.pool;
        if (before && isMoved(before, sent)) await allowLettingGo(before, 'move');
        const pool: Pool = { ...sent, updated_at: timestamp(clock.nowMs()) };
        await audited(request, sent.id, sent.id, pool);
        const record = { pool, command_id: request.id };
        const revision = await write(stores.pools, sent.id, record, stored);
        if (revision === undefined) return undefined;
        await dropUnreadablePlans(sent.id);
        views.wrotePool(sent.id, record, revision);
        return pool;
      });
    },
    'pool.remove': (request) => {
      const { id, drain } = request.data;
      return retried(`pool ${id}`, async () => {
        const stored = await stores.pools.find(id);
        if (!stored) throw new CapacityError('not_found', `there is no pool ${id}`);
        await allowLettingGo(stored.value?.pool, drain === true ? 'drain' : 'remove');
        await audited(request, id, id, {});
        await cancelPlans(id, `pool ${id} was removed by ${request.actor.id}`);
        return removed(stores.pools, id, stored.revision);
      });
    },
  };

  async function removed<T>(records: Records<T>, key: string, revision: number) {
    try {
      await records.remove(key, revision);
      return {};
    } catch (error) {
      if (isCapacityError(error, 'conflict')) return undefined;
      throw error;
    }
  }
}

function allow(verdict: RecordVerdict): void {
  if (!verdict.ok) throw new CapacityError(verdict.code, verdict.detail, { detail: verdict.problems });
}
