import Type, { type Static } from 'typebox';
import {
  DurationText,
  Identifier,
  NonNegative,
  oneOf,
  Probability,
  StoredTimestamp,
  Tag,
  Timestamp,
  WorkerCount,
} from '../primitives.ts';

export const PolicyMode = oneOf('auto', 'manual', 'advisory');
export type PolicyMode = Static<typeof PolicyMode>;

export const SloTarget = Type.Object({
  p95_latency: DurationText,
  latency_of: Type.Optional(oneOf('response', 'wait')),
  max_backlog: Type.Optional(Type.Integer({ minimum: 0 })),
  error_budget: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'Share of minutes that may miss the target; default 0.01' }),
  ),
  availability: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'Share of time a worker is up' })),
  drain_time: Type.Optional(DurationText),
});
export type SloTarget = Static<typeof SloTarget>;

/** A window that opens by the clock: a cron expression for its start, and how long it lasts. */
export const Schedule = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 128 })),
  cron: Type.String({ minLength: 9, maxLength: 128 }),
  duration: DurationText,
  time_zone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA name; default UTC' })),
  min_workers: Type.Optional(WorkerCount),
  max_workers: Type.Optional(WorkerCount),
  freeze: Type.Optional(Type.Boolean({ description: 'No change at all while the window is open' })),
});
export type Schedule = Static<typeof Schedule>;

export const ScalingConfig = Type.Object({
  min_workers: WorkerCount,
  max_workers: WorkerCount,
  max_step: Type.Optional(Type.Integer({ minimum: 1, description: 'Largest change of one step, workers; default 15' })),
  scale_up_cooldown: Type.Optional(DurationText),
  scale_down_cooldown: Type.Optional(DurationText),
  utilization_high: Type.Optional(Probability),
  utilization_low: Type.Optional(Probability),
  safety_margin: Type.Optional(
    Type.Number({ minimum: 0, maximum: 2, description: 'Share of workers added on top of the requirement' }),
  ),
  confidence_threshold: Type.Optional(Probability),
  scale_to_zero: Type.Optional(Type.Boolean()),
  floor_only: Type.Optional(Type.Boolean({ description: 'Only sets a minimum that another autoscaler works above' })),
  schedules: Type.Optional(Type.Array(Schedule, { maxItems: 64 })),
  on_failure: Type.Optional(
    Type.Enum(['stay', 'revert'], { description: 'What a failed rollout leaves behind; default stay' }),
  ),
});
export type ScalingConfig = Static<typeof ScalingConfig>;

/** Something known to come: demand is multiplied while it lasts. */
export const KnownEvent = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 128 })),
  from: StoredTimestamp,
  to: StoredTimestamp,
  multiplier: Type.Number({ minimum: 0, maximum: 1000 }),
});
export type KnownEvent = Static<typeof KnownEvent>;

export const ForecastConfig = Type.Object({
  model: Type.Optional(oneOf('auto', 'naive', 'seasonal_naive', 'ewma', 'holt', 'holt_winters', 'multi_seasonal')),
  horizon: Type.Optional(DurationText),
  time_zone: Type.Optional(Type.String({ maxLength: 64 })),
  events: Type.Optional(Type.Array(KnownEvent, { maxItems: 256 })),
});
export type ForecastConfig = Static<typeof ForecastConfig>;

export const CostConfig = Type.Object({
  currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$' })),
  violation_cost_per_minute: Type.Optional(
    Type.Number({ minimum: 0, description: 'Cost of one minute in which the latency objective is missed' }),
  ),
  hourly_budget: Type.Optional(NonNegative),
  monthly_budget: Type.Optional(NonNegative),
  budget_kind: Type.Optional(oneOf('soft', 'hard')),
});
export type CostConfig = Static<typeof CostConfig>;

/** When a change is large: any of the three. A large change needs two approvers with a second factor. */
export const ApprovalConfig = Type.Object({
  large_change_workers: Type.Optional(Type.Integer({ minimum: 1 })),
  large_change_share: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Share of the current workers' })),
  large_change_cost_per_hour: Type.Optional(NonNegative),
  expires_after: Type.Optional(DurationText),
});
export type ApprovalConfig = Static<typeof ApprovalConfig>;

export const Policy = Type.Object({
  id: Identifier,
  name: Type.String({ minLength: 1, maxLength: 128 }),
  enabled: Type.Boolean(),
  mode: PolicyMode,
  slo: SloTarget,
  scaling: ScalingConfig,
  forecast: ForecastConfig,
  cost: CostConfig,
  approval: Type.Optional(ApprovalConfig),
  tags: Type.Array(Tag, { maxItems: 32 }),
  updated_at: Timestamp,
});
export type Policy = Static<typeof Policy>;

/** What a client sends: the policy without what the system fills in. */
export const PolicyDraft = Type.Object({
  id: Type.Optional(Identifier),
  name: Policy.properties.name,
  enabled: Type.Optional(Type.Boolean()),
  mode: PolicyMode,
  slo: SloTarget,
  scaling: ScalingConfig,
  forecast: Type.Optional(ForecastConfig),
  cost: Type.Optional(CostConfig),
  approval: Type.Optional(ApprovalConfig),
  tags: Type.Optional(Type.Array(Tag, { maxItems: 32 })),
});
export type PolicyDraft = Static<typeof PolicyDraft>;
