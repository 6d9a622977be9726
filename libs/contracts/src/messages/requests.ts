import Type, { type Static, type TSchema } from 'typebox';
import { pageReplyFields, pageRequestFields } from '../pages/page-fields.ts';
import { Identifier, NonNegative, oneOf, PoolId, Timestamp, WorkerCount, workersMax } from '../primitives.ts';
import { AuditEntry, AuditReceipt, AuditRecord } from '../resources/audit-record.ts';
import { Forecast } from '../resources/forecast.ts';
import { Plan, PlanStatus } from '../resources/plan.ts';
import { Policy } from '../resources/policy.ts';
import { Pool } from '../resources/pool.ts';
import { Requirement } from '../resources/requirement.ts';
import { Rollout } from '../resources/rollout.ts';
import { ServiceHealth, type ServiceName, serviceNames } from '../resources/service-health.ts';
import { Simulation } from '../resources/simulation.ts';
import { Snapshot } from '../resources/snapshot.ts';

interface RequestDefinition {
  /** The only service that answers. */
  owner: string;
  request: TSchema;
  reply: TSchema;
}

const PlanRef = Type.Object({ plan_id: Identifier, comment: Type.Optional(Type.String({ maxLength: 1024 })) });
const Nothing = Type.Object({});

/** One averaged stretch of a pool's past. */
export const HistoryPoint = Type.Object({
  timestamp: Timestamp,
  interval_s: NonNegative,
  arrival_rate: NonNegative,
  completion_rate: NonNegative,
  service_time_mean_s: NonNegative,
  service_time_scv: NonNegative,
  response_time_p95_s: Type.Union([NonNegative, Type.Null()]),
  current_workers: NonNegative,
  busy_slots: NonNegative,
  utilization: NonNegative,
  backlog: NonNegative,
  error_rate: NonNegative,
  trusted_share: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'Share of the stretch that was trusted' }),
  ),
  cost_per_hour: Type.Optional(NonNegative),
  imported_share: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'Share of the stretch that was imported rather than measured' }),
  ),
  unknown: Type.Optional(
    Type.Array(
      oneOf(
        'completion_rate',
        'service_time_mean_s',
        'service_time_scv',
        'current_workers',
        'busy_slots',
        'utilization',
        'backlog',
        'error_rate',
      ),
      { description: 'Figures that an import left open: what stands in their place is no measurement' },
    ),
  ),
});
export type HistoryPoint = Static<typeof HistoryPoint>;

/** Rows of one `history.import`: with all their figures they still fit into one message. */
export const historyRowsMax = 5_000;

/** One interval of a past that was measured elsewhere. Just one of `arrival_rate` and `arrived` says what arrived. */
export const HistoryRow = Type.Object({
  timestamp: Timestamp,
  interval_s: Type.Number({ minimum: 1, maximum: 3_600, description: 'Length of the interval, seconds' }),
  arrival_rate: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1e9, description: 'Jobs offered per second, mean over the interval' }),
  ),
  arrived: Type.Optional(Type.Number({ minimum: 0, maximum: 1e12, description: 'Jobs offered within the interval' })),
  service_time_mean_s: Type.Optional(
    Type.Number({ minimum: 0, maximum: 2_592_000, description: 'Mean time a job held a slot, seconds' }),
  ),
  service_time_scv: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1e6, description: 'Squared coefficient of variation of that time' }),
  ),
  current_workers: Type.Optional(Type.Number({ minimum: 0, maximum: workersMax })),
  backlog: Type.Optional(Type.Number({ minimum: 0, maximum: 1e12, description: 'Jobs waiting at the end' })),
});
export type HistoryRow = Static<typeof HistoryRow>;

/** A worker as its newest heartbeat shows it. */
export const WorkerNow = Type.Object({
  worker: Type.String({ minLength: 1, maxLength: 128 }),
  busy: NonNegative,
  concurrency: NonNegative,
  draining: Type.Boolean(),
  seen_at: Timestamp,
});
export type WorkerNow = Static<typeof WorkerNow>;

/** Commands change something; `capacity.cmd.<name>.v1.<namespace>.<name>`, answered once by the owner. */
export const commandCatalogue = {
  'plan.create': {
    owner: 'planner',
    request: Type.Object({ pool: PoolId, target_workers: Type.Optional(WorkerCount) }),
    reply: Plan,
  },
  'plan.apply': { owner: 'planner', request: PlanRef, reply: Plan },
  'plan.approve': { owner: 'planner', request: PlanRef, reply: Plan },
  'plan.reject': { owner: 'planner', request: PlanRef, reply: Plan },
  'plan.cancel': { owner: 'planner', request: PlanRef, reply: Plan },
  'plan.rollback': { owner: 'planner', request: PlanRef, reply: Plan },
  'policy.put': {
    owner: 'planner',
    request: Type.Object({
      policy: Policy,
      must: Type.Union([Type.Literal('create'), Type.Literal('update'), Type.Literal('either')]),
    }),
    reply: Policy,
  },
  'policy.remove': { owner: 'planner', request: Type.Object({ id: Identifier }), reply: Nothing },
  'pool.put': { owner: 'planner', request: Type.Object({ pool: Pool }), reply: Pool },
  'pool.remove': {
    owner: 'planner',
    request: Type.Object({
      id: PoolId,
      drain: Type.Optional(Type.Boolean({ description: 'Its workers finish their jobs and leave' })),
    }),
    reply: Nothing,
  },
  'history.import': {
    owner: 'collector',
    request: Type.Object({
      pool: PoolId,
      import_id: Type.Optional(Identifier),
      rows: Type.Array(HistoryRow, {
        maxItems: historyRowsMax,
        description: 'Oldest first; `timestamp` is the end of an interval. None asks how far an import has come',
      }),
    }),
    reply: Type.Object({
      pool: PoolId,
      rows: Type.Integer({ minimum: 0, description: 'Rows of this batch' }),
      stored: Type.Integer({ minimum: 0, description: 'Rows that were not in the history before, or otherwise' }),
      unchanged: Type.Integer({ minimum: 0, description: 'Rows that were there already' }),
      measured: Type.Integer({ minimum: 0, description: 'Rows left out because the pool was measured live then' }),
      too_old: Type.Integer({ minimum: 0, description: 'Rows left out because they are older than history is kept' }),
      distrusted: Type.Integer({
        minimum: 0,
        description: 'Rows so far above all others that nothing is learned of them',
      }),
      gaps: Type.Integer({ minimum: 0, description: 'Places between two rows that no row covers: unknown, not zero' }),
      stored_until: Type.Union([Timestamp, Type.Null()], {
        description: 'Up to which time the rows of this import (`import_id`, else of this batch) have been taken',
      }),
    }),
  },
  'audit.append': { owner: 'audit', request: AuditEntry, reply: AuditReceipt },
} as const satisfies Record<string, RequestDefinition>;

type HealthQueries = {
  [Name in ServiceName as `${Name}.health`]: { owner: Name; request: typeof Nothing; reply: typeof ServiceHealth };
};

/** How are you? Every service answers for the replica that was reached, whatever else it does. */
const healthQueries = Object.fromEntries(
  serviceNames.map((owner) => [`${owner}.health`, { owner, request: Nothing, reply: ServiceHealth }]),
) as HealthQueries;

/** Queries change nothing; `capacity.qry.<name>.v1.<namespace>.<name>`, answered from the owner's state. */
export const queryCatalogue = {
  'plan.preview': { owner: 'planner', request: Type.Object({ pool: PoolId }), reply: Plan },
  'plan.get': { owner: 'planner', request: Type.Object({ plan_id: Identifier }), reply: Plan },
  'plan.list': {
    owner: 'planner',
    request: Type.Object({
      pool: Type.Optional(PoolId),
      status: Type.Optional(PlanStatus),
      ...pageRequestFields,
    }),
    reply: Type.Object({ plans: Type.Array(Plan), ...pageReplyFields }),
  },
  'policy.get': { owner: 'planner', request: Type.Object({ id: Identifier }), reply: Policy },
  'policy.list': {
    owner: 'planner',
    request: Type.Object(pageRequestFields),
    reply: Type.Object({ policies: Type.Array(Policy), ...pageReplyFields }),
  },
  'pool.get': { owner: 'planner', request: Type.Object({ id: PoolId }), reply: Pool },
  'pool.list': {
    owner: 'planner',
    request: Type.Object(pageRequestFields),
    reply: Type.Object({ pools: Type.Array(Pool), ...pageReplyFields }),
  },
  'load.current': {
    owner: 'collector',
    request: Type.Object({ pool: Type.Optional(PoolId), ...pageRequestFields }),
    reply: Type.Object({ snapshots: Type.Array(Snapshot), ...pageReplyFields }),
  },
  'load.workers': {
    owner: 'collector',
    request: Type.Object({ pool: PoolId, cursor: Type.Optional(Type.String({ maxLength: 128 })) }),
    reply: Type.Object({
      workers: Type.Array(WorkerNow),
      next_cursor: Type.Optional(
        Type.String({ maxLength: 128, description: 'There are more: ask again with this as `cursor`' }),
      ),
    }),
  },
  'load.history': {
    owner: 'collector',
    request: Type.Object({
      pool: PoolId,
      from: Timestamp,
      to: Timestamp,
      every_s: Type.Optional(Type.Number({ minimum: 1, maximum: 604_800 })),
      ...pageRequestFields,
    }),
    reply: Type.Object({ pool: PoolId, every_s: NonNegative, points: Type.Array(HistoryPoint), ...pageReplyFields }),
  },
  'forecast.get': {
    owner: 'forecaster',
    request: Type.Object({ pool: PoolId, horizon_s: Type.Optional(Type.Number({ minimum: 60, maximum: 604_800 })) }),
    reply: Forecast,
  },
  'requirement.get': { owner: 'queueing', request: Type.Object({ pool: PoolId }), reply: Requirement },
  'rollout.list': {
    owner: 'executor',
    request: Type.Object({
      pool: Type.Optional(PoolId),
      plan_id: Type.Optional(Identifier),
      ...pageRequestFields,
    }),
    reply: Type.Object({ rollouts: Type.Array(Rollout), ...pageReplyFields }),
  },
  'executor.caps': {
    owner: 'executor',
    request: Nothing,
    reply: Type.Object({
      workers_max: WorkerCount,
      step_max: WorkerCount,
      change_share_max: NonNegative,
      change_share_from: WorkerCount,
      cost_per_hour_max: Type.Number({ minimum: 0, description: '0: none' }),
      actuators: Type.Array(oneOf('process', 'kubernetes', 'none'), {
        maxItems: 3,
        description: 'Kinds of pools whose plans are carried out here',
      }),
    }),
  },
  'pool.workers': {
    owner: 'executor',
    request: Type.Object({ pool: PoolId }),
    reply: Type.Object({
      workers: WorkerCount,
      ready: WorkerCount,
      owner: Type.Optional(Type.String({ maxLength: 256, description: 'Who else sets the count' })),
    }),
  },
  'audit.list': {
    owner: 'audit',
    request: Type.Object({
      from_sequence: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
      ...pageRequestFields,
    }),
    reply: Type.Object({
      records: Type.Array(AuditRecord),
      total: Type.Integer({ minimum: 0 }),
      ...pageReplyFields,
    }),
  },
  'audit.verify': {
    owner: 'audit',
    request: Nothing,
    reply: Type.Object({
      intact: Type.Boolean(),
      records: Type.Integer({ minimum: 0 }),
      first_broken: Type.Union([Type.Integer(), Type.Null()]),
      detail: Type.Optional(Type.String({ maxLength: 512, description: 'What is wrong with the first broken record' })),
    }),
  },
  'simulation.get': { owner: 'simulator', request: Type.Object({ id: Identifier }), reply: Simulation },
  ...healthQueries,
} as const satisfies Record<string, RequestDefinition>;

/** Commands and queries have names of their own: no name stands in both. */
export const requestCatalogue = { ...commandCatalogue, ...queryCatalogue } as const;

export type CommandName = keyof typeof commandCatalogue;
export type QueryName = keyof typeof queryCatalogue;
export type RequestName = keyof typeof requestCatalogue;
export type RequestData<N extends RequestName> = Static<(typeof requestCatalogue)[N]['request']>;
export type ReplyData<N extends RequestName> = Static<(typeof requestCatalogue)[N]['reply']>;

/** How an answer travels. */
export const ReplyEnvelope = Type.Union([
  Type.Object({ ok: Type.Literal(true), data: Type.Unknown() }),
  Type.Object({
    ok: Type.Literal(false),
    error: Type.Object({ code: Type.String(), message: Type.String(), detail: Type.Optional(Type.Unknown()) }),
  }),
]);
export type ReplyEnvelope = Static<typeof ReplyEnvelope>;
