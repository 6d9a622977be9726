import Type, { type Static } from 'typebox';

/** Settings of the collector. */
export const CollectorConfig = Type.Object({
  intervalSec: Type.Number({
    default: 15,
    minimum: 1,
    maximum: 3600,
    description: 'Length of one measuring window, seconds',
    env: 'COLLECTOR_INTERVAL_S',
  }),
  graceSec: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 60,
    description: 'How long after its end a window stays open for reports under way, seconds',
    env: 'COLLECTOR_GRACE_S',
  }),
  workerTimeoutSec: Type.Number({
    default: 30,
    minimum: 2,
    maximum: 3600,
    description: 'A worker that was silent for so long is not counted, seconds; at least two and a half windows',
    env: 'COLLECTOR_WORKER_TIMEOUT_S',
  }),
  depthTimeoutMs: Type.Integer({
    default: 1000,
    minimum: 10,
    maximum: 60_000,
    description: 'How long reading a queue’s depth may take, ms; at least a quarter of a window',
    env: 'COLLECTOR_DEPTH_TIMEOUT_MS',
  }),
  serviceHalfLifeSec: Type.Number({
    default: 600,
    minimum: 1,
    maximum: 86_400,
    description: 'After so long a finished job counts half in the service-time figures, seconds',
    env: 'COLLECTOR_SERVICE_HALF_LIFE_S',
  }),
  changeFactorMax: Type.Number({
    default: 50,
    minimum: 2,
    maximum: 100_000,
    description: 'A demand so many times above everything seen lately is held to be implausible until it repeats',
    env: 'COLLECTOR_CHANGE_FACTOR_MAX',
  }),
  disagreementMax: Type.Number({
    default: 0.5,
    minimum: 0.01,
    maximum: 10,
    description: 'Two sources that differ by more than this share, twice in a row, are not trusted',
    env: 'COLLECTOR_DISAGREEMENT_MAX',
  }),
  historyDays: Type.Number({
    default: 90,
    minimum: 1,
    maximum: 3650,
    description: 'How long history is kept, days',
    env: 'COLLECTOR_HISTORY_DAYS',
  }),
  queueRedisUrl: Type.String({
    default: '',
    description: 'Redis that holds the observed queues; empty: the one of this service',
    env: 'COLLECTOR_QUEUE_REDIS_URL',
    secret: true,
  }),
});
export type CollectorConfig = Static<typeof CollectorConfig>;
