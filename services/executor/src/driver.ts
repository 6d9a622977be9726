import { isCapacityError, type Plan, type Policy, type Pool, type Rollout, type StepRecord } from '@capplan/contracts';
import type { Clock, Lease, Leases, Log, Records, StoredRecord } from '@capplan/runtime';
import type { ExecutorConfig } from './config.ts';
import { beginStep, failRollout, finishRollout, holdRollout, resumeRollout, settleStep } from './decide/apply-act.ts';
import { drainGraceMs } from './decide/drain-grace.ts';
import {
  type Act,
  type Facts,
  factsNeeded,
  type HoldReason,
  isBeforeTime,
  type Load,
  nextAct,
} from './decide/next-act.ts';
import type { PoolRollouts } from './decide/pool-rollouts.ts';
import type { Actuator, Actuators, WorkerOrder } from './ports.ts';

/** Whom the executor asks before it acts. Undefined: there is no such thing. Throws when nobody answers. */
export interface Questions {
  plan(planId: string, pool: string): Promise<Plan | undefined>;
  pool(id: string): Promise<Pool | undefined>;
  policy(id: string): Promise<Policy | undefined>;
  /** The receipt for this step of this rollout; the same one whenever it is asked again. */
  receipt(rollout: Rollout, index: number, detail: object): Promise<string>;
  load(pool: string): Load | undefined;
  /** Slots that each worker of the pool keeps busy, as far as it is known. Never throws. */
  busySlots(pool: string): Promise<ReadonlyMap<string, number>>;
}

export interface DriverDeps {
  rollouts: Records<PoolRollouts>;
  leases: Leases;
  actuators: Actuators;
  ask: Questions;
  clock: Clock;
  config: ExecutorConfig;
  holder: string;
  log: Log;
}

type Stored = StoredRecord<PoolRollouts>;
const actsMax = 32;

export interface Driver {
  drive(pool: string): Promise<void>;
  /** Lets the workers of a pool that is no more drain; harmless to repeat. */
  retire(pool: string, actuator: Actuator): Promise<void>;
}

/**
 * Moves the rollout of one pool on as far as it goes now. Every act is one small step from record to record, so that
 * whoever drives next, after a crash or with a newer lease, finds exactly what was intended and what was done.
 */
export function createDriver(deps: DriverDeps): Driver {
  const { rollouts, leases, actuators, ask, clock, config, holder, log } = deps;
  const underWay = new Map<string, Promise<void>>();
  /** Tokens that the actuators have seen, where the lease store knew of none so new. */
  const newestTokens = new Map<string, number>();

  async function run(key: string): Promise<void> {
    let ordered = false;
    for (let acts = 0; acts < actsMax; acts++) {
      const stored = await rollouts.get(key);
      if (!stored?.value.active || isBeforeTime(stored.value, clock.nowMs())) return;
      let lease: Lease | undefined;
      try {
        lease = await acquire(key);
      } catch (error) {
        await save(stored, held(stored.value, 'lease_unavailable', String(error)));
        return;
      }
      if (!lease) return;
      const facts = await gather(stored.value);
      const act = nextAct(stored.value, facts, config, clock.nowMs());
      if (act.do === 'order' && ordered) return;
      ordered ||= act.do === 'order';
      const goesOn = await carryOut(act, stored, facts, lease);
      if (!goesOn) return;
      const after = await rollouts.get(key);
      if (!after?.value.active) await leases.release(lease);
    }
  }

  function acquire(pool: string): Promise<Lease | undefined> {
    const above = newestTokens.get(pool);
    const wanted = { holder, ttlMs: config.leaseMs, ...(above === undefined ? {} : { above }) };
    return leases.acquire(leaseName(pool), wanted);
  }

  /** False when there is nothing more to do for now. */
  async function carryOut(act: Act, stored: Stored, facts: Facts, lease: Lease): Promise<boolean> {
    const { value: state } = stored;
    const nowMs = clock.nowMs();
    switch (act.do) {
      case 'wait':
        await save(stored, resumeRollout(state, nowMs));
        return false;
      case 'hold':
        await save(stored, held(state, act.reason, act.detail, facts.policy));
        return false;
      case 'begin_step': {
        const receipt = await receiptFor(stored, act, facts, lease);
        if (receipt === undefined) return false;
        const order = { workersBefore: act.workersBefore, receipt, fencingToken: lease.fencingToken };
        return save(stored, beginStep(state, act.step, { ...order, nowMs: clock.nowMs() }));
      }
      case 'order':
        return order(act, stored, facts, lease);
      case 'settle':
        return save(stored, settleStep(state, act.step, { workersAfter: act.workersAfter, detail: act.detail, nowMs }));
      case 'finish':
        return save(stored, finishRollout(state, config, nowMs));
      case 'fail':
        return save(stored, failRollout(state, act, { policy: facts.policy, config, nowMs }));
    }
  }

  async function receiptFor(
    stored: Stored,
    { step, workersBefore }: Extract<Act, { do: 'begin_step' }>,
    facts: Facts,
    lease: Lease,
  ): Promise<string | undefined> {
    const detail = {
      plan_id: stored.value.active?.plan_id,
      from_workers: workersBefore,
      to_workers: step.to_workers,
      fencing_token: lease.fencingToken,
    };
    try {
      return await ask.receipt(stored.value.active as Rollout, step.index, detail);
    } catch (error) {
      await save(stored, held(stored.value, 'no_audit_receipt', String(error), facts.policy));
      return undefined;
    }
  }

  async function order(
    { step }: Extract<Act, { do: 'order' }>,
    stored: Stored,
    facts: Facts,
    lease: Lease,
  ): Promise<boolean> {
    const pool = facts.pool as Pool;
    // Two locks on one door: we still hold the lease, and the actuator refuses us if we only believe so.
    if (step.audit_receipt === undefined || !(await leases.renew(lease, config.leaseMs))) return false;
    const order = await orderFor(pool, step, facts.load, lease);
    try {
      const outcome = await actuators[pool.actuator.kind].setWorkers(order);
      if (outcome.ok) return true;
      log.warn({ pool: pool.id, ...outcome }, 'The actuator refused an order.');
      if (outcome.reason === 'stale_token') {
        newestTokens.set(pool.id, outcome.newestToken);
        await save(stored, held(stored.value, 'stale_fencing_token', outcome.detail, facts.policy));
        return false;
      }
      const reason = outcome.reason === 'owned_elsewhere' ? 'pool_owned_elsewhere' : 'no_actuator';
      const failure = { reason, detail: outcome.detail } as const;
      return save(stored, failRollout(stored.value, failure, { policy: facts.policy, config, nowMs: clock.nowMs() }));
    } catch (error) {
      await save(stored, held(stored.value, 'actuator_unreachable', String(error), facts.policy));
      return false;
    }
  }

  async function orderFor(pool: Pool, step: StepRecord, load: Load | undefined, lease: Lease): Promise<WorkerOrder> {
    const order = { pool, workers: step.to_workers, fencingToken: lease.fencingToken };
    if (step.to_workers >= (step.workers_before ?? step.from_workers)) return order;
    const measuredSec = load?.trusted ? load.serviceSecP95 : undefined;
    const graceMs = drainGraceMs(pool, measuredSec, config.drainMs);
    return { ...order, graceMs, busySlots: await ask.busySlots(pool.id) };
  }

  /** The same rollout on hold, or failed when it has been held for too long. */
  function held(state: PoolRollouts, reason: HoldReason, detail: string, policy?: Policy): PoolRollouts {
    const nowMs = clock.nowMs();
    const since = state.driving.held_since_ms;
    if (since === null || nowMs - since <= config.holdMaxMs) return holdRollout(state, reason, detail, nowMs);
    const failure = { reason: 'held_too_long', detail: `${reason}: ${detail}` } as const;
    return failRollout(state, failure, { policy, config, nowMs });
  }

  async function save(stored: Stored, next: PoolRollouts): Promise<boolean> {
    if (next === stored.value) return true;
    try {
      await rollouts.update(stored.key, next, stored.revision);
      return true;
    } catch (error) {
      if (isCapacityError(error, 'conflict')) return false;
      throw error;
    }
  }

  async function gather(state: PoolRollouts): Promise<Facts> {
    const need = factsNeeded(state, clock.nowMs());
    const facts: Facts = { pool: undefined, policy: undefined, load: ask.load(state.pool) };
    const rollout = state.active;
    if (need === 'none' || !rollout) return facts;
    try {
      facts.pool = await ask.pool(state.pool);
      if (need === 'all') {
        const plan = await ask.plan(rollout.plan_id, rollout.pool);
        facts.plan = plan
          ? { ok: true, plan }
          : { ok: false, reason: 'not_found', detail: `the planner knows no plan ${rollout.plan_id}` };
      }
      if (facts.pool) facts.policy = await ask.policy(facts.pool.policy_id);
    } catch (error) {
      facts.plan = { ok: false, reason: 'unavailable', detail: String(error) };
      // Without the pool an order under way cannot be looked after; it is neither failed nor repeated meanwhile.
      if (need === 'actual') throw error;
    }
    if (facts.pool) facts.actual = await lookAt(facts.pool);
    return facts;
  }

  async function lookAt(pool: Pool): Promise<NonNullable<Facts['actual']>> {
    try {
      return { ok: true, ...(await actuators[pool.actuator.kind].current(pool)) };
    } catch (error) {
      return { ok: false, detail: String(error) };
    }
  }

  return {
    async retire(pool, actuator) {
      const lease = await acquire(pool);
      if (!lease) return;
      try {
        const outcome = await actuator.retire({ pool, fencingToken: lease.fencingToken });
        if (!outcome.ok && outcome.reason === 'stale_token') newestTokens.set(pool, outcome.newestToken);
        if (outcome.ok) log.warn({ pool }, 'A pool is no more: its workers drain, and none is started again.');
        else log.warn({ pool, ...outcome }, 'The workers of a pool that is no more could not be let go.');
      } finally {
        await leases.release(lease);
      }
    },
    drive(pool) {
      const before = underWay.get(pool) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(() => run(pool));
      underWay.set(pool, mine);
      const forget = () => {
        if (underWay.get(pool) === mine) underWay.delete(pool);
      };
      mine.finally(forget).catch(() => undefined);
      return mine;
    },
  };
}

function leaseName(pool: string): string {
  return `pool:${pool}`;
}
