import {
  type EventType,
  fittingItems,
  isTerminal,
  jsonBytes,
  Plan,
  Rollout,
  recordBytesMax,
  type StepRecord,
  timestamp,
} from '@capplan/contracts';
import Type, { type Static } from 'typebox';

export const rolloutEvents = [
  'rollout.started',
  'rollout.stepped',
  'rollout.held',
  'rollout.finished',
  'rollout.failed',
  'rollout.reverted',
] as const satisfies readonly EventType[];
export type RolloutEvent = (typeof rolloutEvents)[number];

/** A change of a rollout that is still to be told; `version` makes its message id. */
export const RolloutNote = Type.Object({
  event: Type.Enum([...rolloutEvents]),
  version: Type.Integer({ minimum: 1 }),
  rollout: Rollout,
});
export type RolloutNote = Omit<Static<typeof RolloutNote>, 'event'> & { event: RolloutEvent };

/** What an executor must remember of the rollout under way, beside what the world is told. */
export const Driving = Type.Object({
  held_since_ms: Type.Union([Type.Number(), Type.Null()]),
  /** Why the rollout is being undone; the last step leads back. */
  reverting: Type.Union([Type.String(), Type.Null()]),
});
export type Driving = Static<typeof Driving>;

/** Everything that executors know about one pool; one record, so that every change is one compare-and-set. */
export const PoolRollouts = Type.Object({
  pool: Type.String(),
  active: Type.Union([Rollout, Type.Null()]),
  driving: Driving,
  recent: Type.Array(Rollout),
  /** Changes made by this very write; the relay publishes them. */
  outbox: Type.Array(RolloutNote),
  version: Type.Integer({ minimum: 0 }),
});
export type PoolRollouts = Omit<Static<typeof PoolRollouts>, 'outbox'> & { outbox: RolloutNote[] };

const notHeld: Driving = { held_since_ms: null, reverting: null };

export function noRollouts(pool: string): PoolRollouts {
  return { pool, active: null, driving: notHeld, recent: [], outbox: [], version: 0 };
}

export function rolloutIdOf(plan: Pick<Plan, 'id'>): string {
  return `rollout-${plan.id.replace(/^plan-/, '')}`;
}

export type StartOutcome =
  | { ok: true; state: PoolRollouts }
  | { ok: false; reason: 'known_already' | 'plan_not_approved' | 'another_is_running'; detail: string };

/**
 * Begins the rollout of an approved plan: nothing is done to the pool yet.
 *
 * @param plan as the planner holds it now, not as it was announced
 */
export function startRollout(state: PoolRollouts, plan: Plan, nowMs: number): StartOutcome {
  const id = rolloutIdOf(plan);
  if (state.active?.id === id || state.recent.some((rollout) => rollout.id === id)) {
    return { ok: false, reason: 'known_already', detail: `${id} has begun before` };
  }
  if (plan.status !== 'approved' && plan.status !== 'executing') {
    const detail = `${plan.id} is ${plan.status}${isTerminal(plan.status) ? '' : ', not approved'}`;
    return { ok: false, reason: 'plan_not_approved', detail };
  }
  if (state.active) {
    return { ok: false, reason: 'another_is_running', detail: `${state.active.id} is still ${state.active.status}` };
  }
  const at = timestamp(nowMs);
  const rollout: Rollout = {
    id,
    plan_id: plan.id,
    pool: plan.pool,
    status: 'running',
    reason: 'started',
    fencing_token: 0,
    workers_at_start: plan.current_workers,
    steps: plan.steps.map(
      ({ from_workers, to_workers }, index): StepRecord => ({ index, state: 'pending', from_workers, to_workers }),
    ),
    started_at: at,
    updated_at: at,
    plan,
  };
  return {
    ok: true,
    state: fitted(noted({ ...state, active: rollout, driving: notHeld, outbox: [] }, 'rollout.started', rollout)),
  };
}

/** The same state with a changed rollout under way, and what is told about it. */
export function withActive(
  state: PoolRollouts,
  change: Partial<Rollout>,
  { nowMs, event, driving }: { nowMs: number; event?: RolloutEvent | undefined; driving?: Driving },
): PoolRollouts {
  if (!state.active) throw new Error(`pool ${state.pool} has no rollout under way`);
  const active = { ...state.active, ...change, updated_at: timestamp(nowMs) };
  const next = { ...state, active, driving: driving ?? state.driving, outbox: [] };
  return fitted(event ? noted(next, event, active) : next);
}

/** The rollout under way is over. */
export function closed(
  state: PoolRollouts,
  change: Partial<Rollout>,
  { nowMs, event, recentMax }: { nowMs: number; event: RolloutEvent; recentMax: number },
): PoolRollouts {
  const ended = withActive(state, change, { nowMs, event });
  const recent = [ended.active as Rollout, ...state.recent].slice(0, recentMax).map(withoutCurves);
  return fitted({ ...ended, active: null, driving: notHeld, recent });
}

/** Whatever there is to publish, the record fits into its store: the oldest finished rollouts make room. */
function fitted(state: PoolRollouts): PoolRollouts {
  const { recent, ...rest } = state;
  return { ...state, recent: fittingItems(recent, recordBytesMax - jsonBytes(rest)) };
}

/** What a plan was made from stands in its own events, and at the planner. */
function withoutCurves(rollout: Rollout): Rollout {
  const { plan } = rollout;
  const confidence_bands = { level: plan.forecast.confidence_bands.level, upper: [], lower: [] };
  const forecast = { ...plan.forecast, predicted_lambda: [], confidence_bands };
  return { ...rollout, plan: { ...plan, forecast, alternatives: [], explanation: [] } };
}

function noted(state: PoolRollouts, event: RolloutEvent, rollout: Rollout): PoolRollouts {
  const version = state.version + 1;
  return { ...state, version, outbox: [...state.outbox, { event, version, rollout: withoutCurves(rollout) }] };
}
