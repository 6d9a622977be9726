import Type, { type Static } from 'typebox';

/** Settings of the gateway; each key names its environment variable. */
export const gatewayConfig = Type.Object({
  host: Type.String({ default: '127.0.0.1', env: 'GATEWAY_HOST', description: 'Address to listen on' }),
  port: Type.Integer({
    default: 8080,
    minimum: 0,
    maximum: 65_535,
    env: 'GATEWAY_PORT',
    description: 'Port to listen on; 0 takes a free one',
  }),
  requestsPerMinute: Type.Integer({
    default: 100,
    minimum: 1,
    maximum: 1_000_000_000,
    env: 'GATEWAY_REQUESTS_PER_MINUTE',
    description: 'Requests per minute and user',
  }),
  historyBatchesPerMinute: Type.Integer({
    default: 240,
    minimum: 1,
    maximum: 1_000_000_000,
    env: 'GATEWAY_HISTORY_BATCHES_PER_MINUTE',
    description: 'Batches of imported history per minute and user, beside the other requests',
  }),
  bodyLimitBytes: Type.Integer({
    default: 1_048_576,
    minimum: 1024,
    maximum: 67_108_864,
    env: 'GATEWAY_BODY_LIMIT_BYTES',
    description: 'Largest request body, bytes',
  }),
  askTimeoutMs: Type.Integer({
    default: 5000,
    minimum: 100,
    maximum: 600_000,
    env: 'GATEWAY_ASK_TIMEOUT_MS',
    description: 'How long an owner may take to answer, ms',
  }),
  simulatorUrl: Type.String({
    default: '',
    env: 'SIMULATOR_URL',
    description: 'host:port of the simulator’s gRPC; empty: no simulations',
  }),
  jwksUrl: Type.String({
    default: '',
    env: 'GATEWAY_JWKS_URL',
    description: 'Where the identity provider publishes its keys; empty: a local key',
  }),
  localKeyFile: Type.String({
    default: '',
    env: 'GATEWAY_LOCAL_KEY_FILE',
    description: 'PKCS 8 key (PEM) of locally issued tokens, where there is no identity provider',
  }),
  issuer: Type.String({
    default: 'capacity-planner',
    env: 'GATEWAY_TOKEN_ISSUER',
    description: 'Issuer that a token must name',
  }),
  audience: Type.String({
    default: 'capacity-planner',
    env: 'GATEWAY_TOKEN_AUDIENCE',
    description: 'Audience that a token must name',
  }),
});
export type GatewayConfig = Static<typeof gatewayConfig>;
