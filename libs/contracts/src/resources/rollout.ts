import Type, { type Static } from 'typebox';
import { Identifier, oneOf, PoolId, Timestamp, WorkerCount } from '../primitives.ts';
import { Plan } from './plan.ts';

export const RolloutStatus = oneOf('running', 'held', 'finished', 'failed', 'reverted');
export type RolloutStatus = Static<typeof RolloutStatus>;

/** What was really done for one step of a plan. */
export const StepRecord = Type.Object({
  index: Type.Integer({ minimum: 0 }),
  state: oneOf('pending', 'ordered', 'settled', 'skipped'),
  from_workers: WorkerCount,
  to_workers: WorkerCount,
  workers_before: Type.Optional(WorkerCount),
  workers_after: Type.Optional(WorkerCount),
  ordered_at: Type.Optional(Timestamp),
  settled_at: Type.Optional(Timestamp),
  audit_receipt: Type.Optional(Type.String({ maxLength: 128 })),
  detail: Type.Optional(Type.String({ maxLength: 512 })),
});
export type StepRecord = Static<typeof StepRecord>;

export const Rollout = Type.Object({
  id: Identifier,
  plan_id: Identifier,
  pool: PoolId,
  status: RolloutStatus,
  reason: Type.String({ maxLength: 1024 }),
  fencing_token: Type.Integer({ minimum: 0 }),
  workers_at_start: WorkerCount,
  steps: Type.Array(StepRecord, { maxItems: 256 }),
  started_at: Timestamp,
  updated_at: Timestamp,
  plan: Plan,
});
export type Rollout = Static<typeof Rollout>;
