import Type, { type Static } from 'typebox';
import {
  DurationText,
  durationSec,
  Identifier,
  oneOf,
  PoolId,
  Quantity,
  Tag,
  Timestamp,
  WorkerCount,
} from '../primitives.ts';

/** Where a pool's backlog is read. */
export const QueueSource = Type.Object({
  kind: oneOf('bullmq', 'redis_list', 'redis_stream', 'reported', 'none'),
  name: Type.String({ minLength: 1, maxLength: 256, description: 'Queue, list or stream name' }),
  group: Type.Optional(Type.String({ maxLength: 256, description: 'Consumer group of a stream' })),
});
export type QueueSource = Static<typeof QueueSource>;

/** What starts and stops the pool's workers. */
export const ActuatorTarget = Type.Object({
  kind: oneOf('process', 'kubernetes', 'none'),
  target: Type.Optional(Type.String({ maxLength: 512, description: 'What the actuator calls this pool' })),
});
export type ActuatorTarget = Static<typeof ActuatorTarget>;

export const Pool = Type.Object({
  id: PoolId,
  policy_id: Identifier,
  queue: QueueSource,
  actuator: ActuatorTarget,
  concurrency: Type.Integer({ minimum: 1, maximum: 10_000, description: 'Slots of one worker' }),
  startup_delay: DurationText,
  /** Times a count of workers it is still an amount that can be written. */
  worker_cost_per_hour: Quantity,
  service_time_hint: Type.Optional(DurationText),
  initial_workers: Type.Optional(WorkerCount),
  /** How long a worker that leaves may finish its jobs before it is killed; never less than a job takes. */
  drain_grace: Type.Optional(DurationText),
  tags: Type.Array(Tag, { maxItems: 32 }),
  updated_at: Timestamp,
});
export type Pool = Static<typeof Pool>;

/** A worker that takes longer to start than this is not starting; what waits for it, waits no longer. */
export const startupDelaySecMax = 4 * 3600;

/** The time that a new worker of this pool takes to its first job, seconds, within what is plausible. */
export function startupDelaySec(pool: Pick<Pool, 'startup_delay'>): number {
  return Math.min(startupDelaySecMax, durationSec(pool.startup_delay));
}
