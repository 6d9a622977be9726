import Type, { type Static } from 'typebox';

/** Settings of the process around every service. */
export const RuntimeConfig = Type.Object({
  natsUrl: Type.String({ default: 'nats://127.0.0.1:4222', env: 'NATS_URL', description: 'URLs of NATS, by comma' }),
  natsCa: Type.String({
    default: '',
    env: 'NATS_CA_FILE',
    description: 'Certificate authority of NATS; empty: no TLS',
  }),
  natsCert: Type.String({ default: '', env: 'NATS_CERT_FILE', description: 'Client certificate for NATS' }),
  natsKey: Type.String({ default: '', env: 'NATS_KEY_FILE', description: 'Key of the client certificate for NATS' }),
  redisUrl: Type.String({ default: 'redis://127.0.0.1:6379', env: 'REDIS_URL', description: 'URL of Redis' }),
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
