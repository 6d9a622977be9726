import { Plan, Policy, Pool, Rollout, StepRecord, startupDelaySec } from '@capplan/contracts';
import type { ExecutorConfig } from '../config.ts';
import type { ActualWorkers } from '../ports.ts';
import type { PoolRollouts } from './pool-rollouts.ts';
import { isLegalPlan, placeOfPool, type Refusal, withinHardCaps, withinPolicy } from './step-rules.ts';

/** Why nothing is done for now. A closed list; each has an end, after which the rollout fails. */
export type HoldReason =
  | 'planner_silent'
  | 'plan_not_claimed'
  | 'metrics_missing'
  | 'metrics_stale'
  | 'metrics_untrusted'
  | 'actuator_unreachable'
  | 'no_audit_receipt'
  | 'lease_unavailable'
  /** The actuator has seen a newer token than the lease store hands out. */
  | 'stale_fencing_token';

/** The newest snapshot. */
export interface Load {
  timestampMs: number;
  intervalMs: number;
  trusted: boolean;
  /** Slots that the measured demand keeps busy: jobs offered per second × seconds that each takes. */
  offeredSlots: number;
  /** Slots that were seen busy. Jobs that take longer than an interval show up here first. */
  busySlots: number;
  /** 95 % quantile of the seconds that a job takes; undefined where no job was measured. */
  serviceSecP95: number | undefined;
}

/** What the executor has found out, freshly, before it decides. Undefined: not asked. */
export interface Facts {
  plan?: { ok: true; plan: Plan } | { ok: false; reason: 'not_found' | 'unavailable'; detail: string };
  pool: Pool | undefined;
  policy: Policy | undefined;
  load: Load | undefined;
  actual?: ({ ok: true } & ActualWorkers) | { ok: false; detail: string };
}

export type Act =
  | { do: 'wait' }
  | { do: 'hold'; reason: HoldReason; detail: string }
  /** Get a receipt, write down the intention, then order. */
  | { do: 'begin_step'; step: StepRecord; workersBefore: number }
  /** The intention is written down: order it, again if it must be. */
  | { do: 'order'; step: StepRecord }
  | { do: 'settle'; step: StepRecord; workersAfter: number; detail?: string }
  | { do: 'finish' }
  | { do: 'fail'; reason: Refusal; detail: string };

const wait: Act = { do: 'wait' };

/** The step that is to be done or finished next. */
export function openStep(rollout: Rollout): StepRecord | undefined {
  return rollout.steps.find((step) => step.state === 'pending' || step.state === 'ordered');
}

/** Nothing is to be done before a step's time, and nothing has to be asked or locked for that. */
export function isBeforeTime(state: PoolRollouts, nowMs: number): boolean {
  const step = state.active ? openStep(state.active) : undefined;
  return state.active !== null && step?.state === 'pending' && nowMs < dueMs(state.active, step);
}

/** What must be found out before `nextAct` can say anything. */
export function factsNeeded(state: PoolRollouts, nowMs: number): 'none' | 'actual' | 'all' {
  const step = state.active ? openStep(state.active) : undefined;
  if (!state.active || !step) return 'none';
  if (step.state === 'ordered') return 'actual';
  if (nowMs < dueMs(state.active, step)) return 'none';
  return state.driving.reverting === null ? 'all' : 'actual';
}

/**
 * The one next thing to do for the rollout under way. Everything is checked again here, as if nobody had checked
 * before: that the plan still stands and is claimed for us, that each step is legal, that policy and caps allow it,
 * that the pool is where the plan thought it was, and that the measurements are fresh.
 */
export function nextAct(state: PoolRollouts, facts: Facts, config: ExecutorConfig, nowMs: number): Act {
  const rollout = state.active;
  if (!rollout) return wait;
  const step = openStep(rollout);
  if (!step) return { do: 'finish' };
  if (step.state === 'ordered') return settleOrOrder(rollout, step, facts, config, nowMs);
  const due = dueMs(rollout, step);
  if (nowMs < due) return wait;
  const late = nowMs - lateFromMs(state, rollout, due, nowMs);
  if (late > config.holdMaxMs) {
    const held = rollout.status === 'held' ? `; ${rollout.reason}` : '';
    return fail('held_too_long', `step ${step.index} was due ${Math.round(late / 1000)} s ago${held}`);
  }
  const stands = state.driving.reverting === null ? checkPlan(rollout, step, facts, config, nowMs) : undefined;
  if (stands) return stands;
  if (!facts.pool) return fail('pool_gone', `there is no pool ${rollout.pool} any more`);
  if (facts.pool.actuator.kind === 'none') return fail('no_actuator', 'the pool names no actuator');
  if (state.driving.reverting === null) {
    const verdict = withinPolicy(step, { plan: rollout.plan, pool: facts.pool, policy: facts.policy, nowMs });
    if (!verdict.ok) return fail(verdict.reason, verdict.detail);
  }
  const capped = withinHardCaps(step, facts.pool, config);
  if (!capped.ok) return fail(capped.reason, capped.detail);
  return checkPlace(step, facts, config) ?? checkLoad(state, step, facts, config, nowMs) ?? begin(step, facts);
}

function checkPlan(
  rollout: Rollout,
  step: StepRecord,
  { plan: answer }: Facts,
  { claimPatienceMs }: ExecutorConfig,
  nowMs: number,
): Act | undefined {
  if (!answer) return hold('planner_silent', 'the planner was not asked');
  if (!answer.ok) {
    return answer.reason === 'not_found'
      ? fail('plan_not_found', answer.detail)
      : hold('planner_silent', answer.detail);
  }
  const { plan } = answer;
  if (plan.status === 'cancelled') return fail('cancelled', plan.status_reason);
  if (plan.status === 'approved') {
    // Only once the planner has moved the plan to executing can nobody cancel it any more.
    const waitedMs = nowMs - Date.parse(rollout.started_at);
    return waitedMs < claimPatienceMs ? wait : hold('plan_not_claimed', 'the planner has not noted the start yet');
  }
  if (plan.status !== 'executing') return fail('plan_overtaken', `${plan.id} is ${plan.status}: ${plan.status_reason}`);
  if (JSON.stringify(plan.steps) !== JSON.stringify(rollout.plan.steps)) {
    return fail('plan_changed', `${plan.id} has other steps than those that were approved`);
  }
  const legal = isLegalPlan(plan);
  return legal.ok && plan.steps[step.index]
    ? undefined
    : fail('illegal_step', legal.ok ? `the plan has no step ${step.index}` : legal.detail);
}

/** Above a floor another autoscaler sets the count: whoever stands there beyond what a step up orders is not ours to move. */
function isFloorMet({ policy }: Facts, step: StepRecord, workers: number): boolean {
  return policy?.scaling.floor_only === true && step.to_workers > step.from_workers && workers >= step.to_workers;
}

function checkPlace(step: StepRecord, facts: Facts, config: ExecutorConfig): Act | undefined {
  const { actual } = facts;
  if (!actual?.ok) return hold('actuator_unreachable', actual?.detail ?? 'the actuator was not asked');
  if (actual.owner !== undefined) {
    return fail('pool_owned_elsewhere', `${actual.owner} sets the number of workers of this pool`);
  }
  const place = isFloorMet(facts, step, actual.workers)
    ? 'there'
    : placeOfPool(step, actual.workers, config.driftWorkers);
  if (place === 'there') {
    return { do: 'settle', step, workersAfter: actual.workers, detail: 'the workers were there already' };
  }
  if (place === 'start') return undefined;
  const detail = `the pool has ${actual.workers} workers, the plan begins at ${step.from_workers}`;
  return fail('pool_moved', detail);
}

function checkLoad(
  state: PoolRollouts,
  step: StepRecord,
  { load, pool }: Facts,
  config: ExecutorConfig,
  nowMs: number,
): Act | undefined {
  if (state.driving.reverting !== null) return undefined;
  if (!load) return hold('metrics_missing', 'no snapshot of this pool has been seen yet');
  const ageMs = nowMs - load.timestampMs;
  if (ageMs > Math.max(config.freshMs, 3 * load.intervalMs)) {
    return hold('metrics_stale', `the newest snapshot is ${Math.round(ageMs / 1000)} s old`);
  }
  if (!load.trusted && step.to_workers < step.from_workers) {
    return hold('metrics_untrusted', 'workers are not taken away on measurements that are not trusted');
  }
  // A step foreseen long ago, or approved late, takes nobody away who is busy by now. People may, when they say so.
  const slots = step.to_workers * (pool?.concurrency ?? 1);
  const isForeseen = state.active?.plan.requested_by === 'planner';
  const neededSlots = Math.max(load.offeredSlots, load.busySlots);
  if (isForeseen && step.to_workers < step.from_workers && neededSlots > slots) {
    const detail = `${neededSlots.toFixed(1)} slots are kept busy, the step would leave ${slots}`;
    return fail('demand_has_risen', detail);
  }
  return undefined;
}

function begin(step: StepRecord, { actual }: Facts): Act {
  return { do: 'begin_step', step, workersBefore: actual?.ok ? actual.workers : step.from_workers };
}

function settleOrOrder(rollout: Rollout, step: StepRecord, facts: Facts, config: ExecutorConfig, nowMs: number): Act {
  const { actual, pool } = facts;
  if (!pool) return fail('pool_gone', 'the pool was removed while its workers were being changed');
  if (!actual?.ok) {
    return isOverdue(step, pool, config, nowMs)
      ? fail('held_too_long', `actuator_unreachable: ${actual?.detail ?? 'the actuator was not asked'}`)
      : hold('actuator_unreachable', actual?.detail ?? 'the actuator was not asked');
  }
  if (actual.owner !== undefined) {
    return fail('pool_owned_elsewhere', `${actual.owner} sets the number of workers of this pool`);
  }
  const up = step.to_workers > (step.workers_before ?? step.from_workers);
  const arrived = up ? actual.ready >= step.to_workers : actual.ready <= step.to_workers;
  const isThere = actual.workers === step.to_workers || isFloorMet(facts, step, actual.workers);
  if (isThere && arrived) return { do: 'settle', step, workersAfter: actual.workers };
  if (isOverdue(step, pool, config, nowMs)) {
    // An order that nobody took is no worker that did not come.
    if (!isThere && rollout.status === 'held') return fail('held_too_long', rollout.reason);
    const detail = `${actual.ready} of ${step.to_workers} workers are ready, ${actual.workers} were ordered`;
    return fail('workers_did_not_arrive', detail);
  }
  return isThere ? wait : { do: 'order', step };
}

function isOverdue(step: StepRecord, pool: Pool, config: ExecutorConfig, nowMs: number): boolean {
  const boundMs = 2000 * startupDelaySec(pool) + config.settleGraceMs;
  return nowMs - Date.parse(step.ordered_at as string) > boundMs;
}

/** A plan may be approved after its first step was due, and a way back is due when it is held. */
function lateFromMs(state: PoolRollouts, rollout: Rollout, due: number, nowMs: number): number {
  if (state.driving.reverting !== null) return state.driving.held_since_ms ?? nowMs;
  return Math.max(due, Date.parse(rollout.started_at));
}

/**
 * When a step is due: at its time in the plan, and never closer to the step before than the plan put it. A step that
 * was held back moves the later ones along, so that no two changes come inside a cooldown.
 */
function dueMs(rollout: Rollout, step: StepRecord): number {
  const planned = Date.parse(rollout.plan.steps[step.index]?.timestamp ?? rollout.started_at);
  const before = rollout.steps[step.index - 1];
  const plannedBefore = rollout.plan.steps[step.index - 1];
  if (rollout.plan.steps[step.index] === undefined || before?.ordered_at === undefined || !plannedBefore)
    return planned;
  return Math.max(planned, Date.parse(before.ordered_at) + planned - Date.parse(plannedBefore.timestamp));
}

function hold(reason: HoldReason, detail: string): Act {
  return { do: 'hold', reason, detail };
}

function fail(reason: Refusal, detail: string): Act {
  return { do: 'fail', reason, detail };
}
