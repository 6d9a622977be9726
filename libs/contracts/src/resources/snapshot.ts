import Type, { type Static } from 'typebox';
import {
  DurationText,
  NonNegative,
  oneOf,
  PoolId,
  Probability,
  Quantity,
  Timestamp,
  WorkerCount,
} from '../primitives.ts';
import { QuantileSketch } from './sketch.ts';

/** Why a source or a value of a snapshot is not trusted. */
export const SuspectReason = oneOf(
  'missing',
  'stale',
  'unreachable',
  'implausible_range',
  'implausible_change',
  'sources_disagree',
  'zero_not_empty',
);
export type SuspectReason = Static<typeof SuspectReason>;

export const DataQuality = Type.Object({
  trusted: Type.Boolean(),
  suspects: Type.Array(
    Type.Object({
      source: Type.String({ maxLength: 64 }),
      reason: SuspectReason,
      detail: Type.String({ maxLength: 512 }),
    }),
  ),
  unknown: Type.Optional(
    Type.Array(oneOf('current_workers', 'service_time'), {
      description: 'Figures that nobody could tell: what stands in their place is no measurement',
    }),
  ),
  notes: Type.Optional(
    Type.Array(Type.Object({ source: Type.String({ maxLength: 64 }), detail: Type.String({ maxLength: 512 }) }), {
      description: 'How a trusted figure is known, where that is not by plain measurement',
    }),
  ),
});
export type DataQuality = Static<typeof DataQuality>;

/** One interval's measurements of one pool; `timestamp` is the end of the interval. */
export const Snapshot = Type.Object({
  pool: PoolId,
  timestamp: Timestamp,
  interval_s: Type.Number({ exclusiveMinimum: 0, maximum: 86_400 }),
  arrival_rate: Type.Number({
    minimum: 0,
    maximum: 1e15,
    description: 'Jobs offered per second: demand, not throughput',
  }),
  completion_rate: Quantity,
  attempt_rate: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1e15,
      description: 'Attempts ended per second, well or not: with their service time, the load',
    }),
  ),
  retry_rate: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1e15, description: 'Attempts per second that failed and are tried again' }),
  ),
  service_rate: Type.Number({
    minimum: 0,
    maximum: 1e15,
    description: 'Jobs per second of one worker: concurrency / mean service time',
  }),
  service_time_mean_s: Quantity,
  service_time_scv: Quantity,
  service_time_p50: DurationText,
  service_time_p95: DurationText,
  service_time_sketch: Type.Optional(QuantileSketch),
  response_time_p95: Type.Optional(DurationText),
  response_time_sketch: Type.Optional(QuantileSketch),
  wait_time_sketch: Type.Optional(QuantileSketch),
  current_workers: WorkerCount,
  starting_workers: WorkerCount,
  busy_slots: Quantity,
  slots: Quantity,
  utilization: Probability,
  backlog: Quantity,
  error_rate: Probability,
  cost_per_hour: Type.Optional(NonNegative),
  quality: DataQuality,
});
export type Snapshot = Static<typeof Snapshot>;

/** Fields that only those with `cost:read` may see. */
export const snapshotCostFields = ['cost_per_hour'] as const;
