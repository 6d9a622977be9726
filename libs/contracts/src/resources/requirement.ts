import Type, { type Static } from 'typebox';
import { NonNegative, oneOf, PoolId, Probability, Timestamp, WorkerCount } from '../primitives.ts';

export const BindingConstraint = oneOf(
  'latency',
  'backlog',
  'drain_time',
  'stability',
  'availability',
  'service_time',
  'none',
);
export type BindingConstraint = Static<typeof BindingConstraint>;

/** Workers needed at each future step for the objective. */
export const Requirement = Type.Object({
  pool: PoolId,
  made_at: Timestamp,
  step_s: Type.Number({ exclusiveMinimum: 0 }),
  workers: Type.Array(WorkerCount, { maxItems: 10_080 }),
  offered_load_erlangs: Type.Array(NonNegative, { maxItems: 10_080 }),
  quantile: Type.Number({ minimum: 0, maximum: 1, description: 'Quantile of demand that it was sized for' }),
  feasible: Type.Boolean(),
  binding: BindingConstraint,
  reason: Type.String({ maxLength: 1024 }),
  utilization_now: Type.Optional(Probability),
});
export type Requirement = Static<typeof Requirement>;
