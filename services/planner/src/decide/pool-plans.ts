import {
  cutText,
  type EventType,
  fittingItems,
  isTerminal,
  jsonBytes,
  mayBecome,
  Plan,
  type PlanStatus,
  recordBytesMax,
  timestamp,
} from '@capplan/contracts';
import Type, { type Static } from 'typebox';
import { Failing } from './back-off.ts';
import { shortenPlan } from './shorten-plan.ts';

export const planEvents = [
  'plan.proposed',
  'plan.approved',
  'plan.rejected',
  'plan.cancelled',
  'plan.superseded',
  'plan.expired',
  'plan.executing',
  'plan.completed',
  'plan.failed',
  'plan.reverted',
] as const satisfies readonly EventType[];
export type PlanEvent = (typeof planEvents)[number];

/** The event that tells of a status. A plan that begins to wait for approval is still a proposal. */
const eventOf: Record<PlanStatus, PlanEvent | undefined> = {
  draft: undefined,
  proposed: 'plan.proposed',
  awaiting_approval: 'plan.proposed',
  approved: 'plan.approved',
  executing: 'plan.executing',
  completed: 'plan.completed',
  failed: 'plan.failed',
  reverted: 'plan.reverted',
  rejected: 'plan.rejected',
  cancelled: 'plan.cancelled',
  superseded: 'plan.superseded',
  expired: 'plan.expired',
};

/** A change of a plan that is still to be told; `version` makes its message id. */
export const PlanNote = Type.Object({
  event: Type.Enum([...planEvents]),
  version: Type.Integer({ minimum: 1 }),
  plan: Plan,
});
export type PlanNote = Omit<Static<typeof PlanNote>, 'event'> & { event: PlanEvent };

export const ChangeRecord = Type.Object({
  rollout_id: Type.String(),
  index: Type.Integer({ minimum: 0 }),
  time_ms: Type.Number(),
  from_workers: Type.Integer({ minimum: 0 }),
  to_workers: Type.Integer({ minimum: 0 }),
});
export type ChangeRecord = Static<typeof ChangeRecord>;

/**
 * Everything that is known about the plans of one pool: one record, so that taking one plan back and proposing the
 * next is one compare-and-set, and there is never a moment with two.
 */
export const PoolPlans = Type.Object({
  pool: Type.String(),
  /** The one plan whose life is not over. */
  active: Type.Union([Plan, Type.Null()]),
  /** Plans whose life is over, newest first. */
  recent: Type.Array(Plan),
  /** Changes made by this very write; the relay publishes them. */
  outbox: Type.Array(PlanNote),
  /** Changes of the pool that rollouts have made, newest last: for cooldowns. */
  changes: Type.Array(ChangeRecord),
  /** Commands carried out lately and the plan that each led to: a repeated one gets the same answer. */
  commands: Type.Array(Type.Object({ id: Type.String(), plan_id: Type.String() })),
  /** Time of the newest snapshot from which a plan was made. */
  planned_at_ms: Type.Number(),
  version: Type.Integer({ minimum: 0 }),
  /** Directions in which automatic plans fail, at most one entry for each. */
  failing: Type.Optional(Type.Array(Failing)),
});
export type PoolPlans = Omit<Static<typeof PoolPlans>, 'outbox'> & { outbox: PlanNote[] };

export interface Moment {
  nowMs: number;
  recentMax: number;
}

const commandsMax = 20;
/** So many of the newest finished plans keep their forecast and alternatives. */
const wholeMax = 3;

export function noPlans(pool: string): PoolPlans {
  return { pool, active: null, recent: [], outbox: [], changes: [], commands: [], planned_at_ms: 0, version: 0 };
}

/** The state with nothing left to tell: what the next write starts from. */
export function told(state: PoolPlans): PoolPlans {
  return state.outbox.length === 0 ? state : { ...state, outbox: [] };
}

/** A new plan begins its life. */
export function begin(state: PoolPlans, plan: Plan): PoolPlans {
  if (state.active) throw new Error(`pool ${state.pool} has a plan already: ${state.active.id}`);
  return note({ ...state, active: plan }, plan);
}

/** Moves the active plan on, as far as its life allows. */
export function move(
  state: PoolPlans,
  status: PlanStatus,
  reason: string,
  { nowMs, recentMax }: Moment,
  change: Partial<Plan> = {},
): PoolPlans {
  const { active } = state;
  if (!active || !mayBecome(active.status, status)) {
    throw new Error(`a plan that is ${active?.status ?? 'not there'} cannot become ${status}`);
  }
  const plan = shortenPlan({
    ...active,
    ...change,
    status,
    status_reason: cutText(reason, 1024),
    updated_at: timestamp(nowMs),
  });
  if (!isTerminal(status)) return note({ ...state, active: plan }, plan);
  const recent = [plan, ...state.recent]
    .slice(0, recentMax)
    .map((old, age) => (age < wholeMax ? old : withoutCurves(old)));
  return note({ ...state, active: null, recent }, plan);
}

/** The store keeps many revisions of a record: what nobody looks up any more is left out of old plans. */
function withoutCurves(plan: Plan): Plan {
  const { forecast } = plan;
  if (forecast.predicted_lambda.length === 0 && plan.alternatives.length === 0) return plan;
  const confidence_bands = { level: forecast.confidence_bands.level, upper: [], lower: [] };
  return { ...plan, alternatives: [], forecast: { ...forecast, predicted_lambda: [], confidence_bands } };
}

/** The active plan with other fields and the same status; told like a proposal, because its reader must see it. */
export function amend(state: PoolPlans, change: Partial<Plan>, { nowMs }: Pick<Moment, 'nowMs'>): PoolPlans {
  const plan = shortenPlan({ ...(state.active as Plan), ...change, updated_at: timestamp(nowMs) });
  return note({ ...state, active: plan }, plan);
}

export function findPlan(state: PoolPlans | undefined, planId: string): Plan | undefined {
  if (state?.active?.id === planId) return state.active;
  return state?.recent.find((plan) => plan.id === planId);
}

export function remembered(state: PoolPlans, command: { id: string; plan_id: string }): PoolPlans {
  return { ...state, commands: [command, ...state.commands].slice(0, commandsMax) };
}

/** A proposal and an approval are published whole. What comes of them repeats nothing that is only read before. */
function published(event: PlanEvent, plan: Plan): Plan {
  if (event === 'plan.proposed' || event === 'plan.approved') return plan;
  return { ...withoutCurves(plan), explanation: [] };
}

function note(state: PoolPlans, plan: Plan): PoolPlans {
  const event = eventOf[plan.status];
  if (!event) return state;
  const version = state.version + 1;
  const next = { ...state, version, outbox: [...state.outbox, { event, version, plan: published(event, plan) }] };
  // Whatever there is to publish, the record fits into its store: the oldest finished plans make room.
  const { recent, ...rest } = next;
  return { ...next, recent: fittingItems(recent, recordBytesMax - jsonBytes(rest)) };
}
