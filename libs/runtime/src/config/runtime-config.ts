import Type, { type Static } from 'typebox';
import { NatsSettings } from '../nats/nats-settings.ts';

/** Settings of the process around every service. */
export const RuntimeConfig = Type.Object({
  ...NatsSettings.properties,
  redisUrl: Type.String({
    default: 'redis://127.0.0.1:6379',
    env: 'REDIS_URL',
    secret: true,
    description: 'URL of Redis: redis:// or rediss://, with user:password@ where one is wanted',
  }),
  streamReplicas: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 5,
    env: 'NATS_STREAM_REPLICAS',
    description: 'Copies of every stream; 3 in a cluster',
  }),
  connectTimeoutMs: Type.Integer({
    default: 60_000,
    minimum: 100,
    maximum: 3_600_000,
    env: 'CONNECT_TIMEOUT_MS',
    description: 'How long the servers may take to answer at the start, ms',
  }),
  stopTimeoutMs: Type.Integer({
    default: 25_000,
    minimum: 100,
    maximum: 3_600_000,
    env: 'STOP_TIMEOUT_MS',
    description: 'How long a stop may take before the process ends anyway, ms',
  }),
  instance: Type.String({ default: '', env: 'INSTANCE', description: 'Name of this replica; empty: made up' }),
  logLevel: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], {
    default: 'info',
    env: 'LOG_LEVEL',
    description: 'Least important lines that are logged',
  }),
  probeHost: Type.String({
    default: '127.0.0.1',
    env: 'PROBE_HOST',
    description: 'Address of /health, /ready, /metrics',
  }),
  probePort: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65_535,
    env: 'PROBE_PORT',
    description: 'Port of /health, /ready and /metrics; 0 takes a free one',
  }),
  otlpEndpoint: Type.String({
    default: '',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    description: 'Where spans are sent (OTLP over HTTP); empty: nowhere',
  }),
});
export type RuntimeConfig = Static<typeof RuntimeConfig>;
