import Type, { type Static } from 'typebox';
import { PoolId, Quantity, SourceName, Timestamp, WorkerCount } from '../primitives.ts';
import { QuantileSketch } from '../resources/sketch.ts';

/** A worker says that it is there; one every few seconds, and a last one with `leaving: true`. */
export const Heartbeat = Type.Object({
  pool: PoolId,
  worker: SourceName,
  sequence: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  time: Timestamp,
  concurrency: Type.Integer({ minimum: 1, maximum: 10_000 }),
  busy: Type.Integer({ minimum: 0, maximum: 10_000 }),
  draining: Type.Boolean(),
  leaving: Type.Boolean(),
  backlog: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1e15, description: 'Jobs waiting, where the worker can see them' }),
  ),
});
export type Heartbeat = Static<typeof Heartbeat>;

/** What a worker finished since its last report: counts and sketches, never payloads. Times in seconds. */
export const JobReport = Type.Object({
  pool: PoolId,
  worker: SourceName,
  sequence: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  from: Timestamp,
  to: Timestamp,
  completed: WorkerCount,
  failed: WorkerCount,
  retried: Type.Optional(WorkerCount),
  service_time: Type.Optional(QuantileSketch),
  wait_time: Type.Optional(QuantileSketch),
  response_time: Type.Optional(QuantileSketch),
});
export type JobReport = Static<typeof JobReport>;

/** Jobs put into the queue, said by whoever puts them there; without it, arrivals follow from completions and backlog. */
export const ArrivalReport = Type.Object({
  pool: PoolId,
  source: SourceName,
  sequence: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  from: Timestamp,
  to: Timestamp,
  arrived: Quantity,
});
export type ArrivalReport = Static<typeof ArrivalReport>;

/** Everything that may be said on `capacity.ingest.<kind>.v1.<namespace>.<pool>`. */
export const ingestCatalogue = {
  heartbeat: Heartbeat,
  job: JobReport,
  arrival: ArrivalReport,
} as const;

export type IngestKind = keyof typeof ingestCatalogue;
export type IngestData<K extends IngestKind> = Static<(typeof ingestCatalogue)[K]>;
