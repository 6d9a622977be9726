import Type, { type Static } from 'typebox';

/** Where NATS is and how a client shows who it is; each key names its environment variable. */
export const NatsSettings = Type.Object({
  natsUrl: Type.String({
    default: 'nats://127.0.0.1:4222',
    env: 'NATS_URL',
    secret: true,
    description: 'URLs of NATS, by comma: nats:// or tls://, with user:password@ or token@ where one is wanted',
  }),
  natsUser: Type.String({ default: '', env: 'NATS_USER', description: 'User at NATS' }),
  natsPassword: Type.String({ default: '', env: 'NATS_PASSWORD', secret: true, description: 'Password at NATS' }),
  natsToken: Type.String({ default: '', env: 'NATS_TOKEN', secret: true, description: 'Token for NATS' }),
  natsNkeySeed: Type.String({
    default: '',
    env: 'NATS_NKEY_SEED',
    secret: true,
    description: 'Seed of a user key of NATS, SU…',
  }),
  natsCredsFile: Type.String({
    default: '',
    env: 'NATS_CREDS_FILE',
    description: 'Credentials file of NATS (token and seed of a user), read again at every connection',
  }),
  natsCa: Type.String({
    default: '',
    env: 'NATS_CA_FILE',
    description: 'Certificate authority of NATS; empty: those of the system',
  }),
  natsCert: Type.String({ default: '', env: 'NATS_CERT_FILE', description: 'Client certificate for NATS' }),
  natsKey: Type.String({ default: '', env: 'NATS_KEY_FILE', description: 'Key of the client certificate for NATS' }),
});

/** How a client shows NATS who it is. What is left out or empty is not used. */
export type NatsAccess = Partial<Omit<Static<typeof NatsSettings>, 'natsUrl'>>;
