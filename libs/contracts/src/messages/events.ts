import Type, { type Static, type TSchema } from 'typebox';
import { Identifier, NonNegative, oneOf, PoolId, Probability, Timestamp } from '../primitives.ts';
import { Forecast } from '../resources/forecast.ts';
import { Plan } from '../resources/plan.ts';
import { Policy } from '../resources/policy.ts';
import { Pool } from '../resources/pool.ts';
import { Requirement } from '../resources/requirement.ts';
import { Rollout } from '../resources/rollout.ts';
import { DataQuality, Snapshot } from '../resources/snapshot.ts';

export const LoadSuspect = Type.Object({ pool: PoolId, timestamp: Timestamp, quality: DataQuality });
export type LoadSuspect = Static<typeof LoadSuspect>;

/** The whole record, or its removal. */
export const PolicyChanged = Type.Object({
  id: Identifier,
  revision: Type.Integer({ minimum: 1 }),
  policy: Type.Union([Policy, Type.Null()]),
});
export type PolicyChanged = Static<typeof PolicyChanged>;

export const PoolChanged = Type.Object({
  id: PoolId,
  revision: Type.Integer({ minimum: 1 }),
  pool: Type.Union([Pool, Type.Null()]),
});
export type PoolChanged = Static<typeof PoolChanged>;

/** A state-changing call, let through or refused. */
export const AccessDecision = Type.Object({
  subject: Type.String({ maxLength: 256 }),
  roles: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 16 }),
  method: Type.String({ maxLength: 16 }),
  path: Type.String({ maxLength: 512 }),
  from: Type.String({ maxLength: 128 }),
  reason: Type.String({ maxLength: 256 }),
  time: Timestamp,
});
export type AccessDecision = Static<typeof AccessDecision>;

export const BudgetAlert = Type.Object({
  pool: PoolId,
  period: oneOf('hour', 'month'),
  kind: oneOf('soft', 'hard'),
  budget: NonNegative,
  projected: NonNegative,
  timestamp: Timestamp,
});
export type BudgetAlert = Static<typeof BudgetAlert>;

export const SloBreached = Type.Object({
  pool: PoolId,
  timestamp: Timestamp,
  target_s: NonNegative,
  observed_p95_s: NonNegative,
  share_within: Probability,
  error_budget_used: NonNegative,
});
export type SloBreached = Static<typeof SloBreached>;

/** Why a message was set aside. */
export const DeadLetter = Type.Object({
  subject: Type.String({ maxLength: 512 }),
  consumer: Type.String({ maxLength: 128 }),
  reason: oneOf('malformed', 'schema', 'handler_failed', 'too_many_deliveries'),
  detail: Type.String({ maxLength: 4096 }),
  payload: Type.String({ maxLength: 262_144, description: 'The message as it came, base64' }),
  time: Timestamp,
});
export type DeadLetter = Static<typeof DeadLetter>;

/** Rows of a past that was measured elsewhere have been put into a pool's history. */
export const HistoryImported = Type.Object({
  pool: PoolId,
  from: Timestamp,
  to: Timestamp,
  rows: Type.Integer({ minimum: 0 }),
  stored: Type.Integer({ minimum: 0 }),
  imported_at: Timestamp,
});
export type HistoryImported = Static<typeof HistoryImported>;

interface EventDefinition {
  schema: TSchema;
  /** The only service that may publish it. */
  writer: string;
}

const planEvent = { schema: Plan, writer: 'planner' } as const;
const rolloutEvent = { schema: Rollout, writer: 'executor' } as const;

/** Every event that may be said on `capacity.evt.<type>.v1.<namespace>.<name>`. */
export const eventCatalogue = {
  'load.observed': { schema: Snapshot, writer: 'collector' },
  'load.suspect': { schema: LoadSuspect, writer: 'collector' },
  'history.imported': { schema: HistoryImported, writer: 'collector' },
  'forecast.made': { schema: Forecast, writer: 'forecaster' },
  'capacity.sized': { schema: Requirement, writer: 'queueing' },
  'plan.proposed': planEvent,
  'plan.approved': planEvent,
  'plan.rejected': planEvent,
  'plan.cancelled': planEvent,
  'plan.superseded': planEvent,
  'plan.expired': planEvent,
  'plan.executing': planEvent,
  'plan.completed': planEvent,
  'plan.failed': planEvent,
  'plan.reverted': planEvent,
  'rollout.started': rolloutEvent,
  'rollout.stepped': rolloutEvent,
  'rollout.held': rolloutEvent,
  'rollout.finished': rolloutEvent,
  'rollout.failed': rolloutEvent,
  'rollout.reverted': rolloutEvent,
  'policy.changed': { schema: PolicyChanged, writer: 'planner' },
  'pool.changed': { schema: PoolChanged, writer: 'planner' },
  'access.denied': { schema: AccessDecision, writer: 'gateway' },
  'access.granted': { schema: AccessDecision, writer: 'gateway' },
  'budget.alert': { schema: BudgetAlert, writer: 'planner' },
  'slo.breached': { schema: SloBreached, writer: 'planner' },
} as const satisfies Record<string, EventDefinition>;

export type EventType = keyof typeof eventCatalogue;
export type EventData<T extends EventType> = Static<(typeof eventCatalogue)[T]['schema']>;
