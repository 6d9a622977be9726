import Type, { type Static } from 'typebox';

export const AuditConfig = Type.Object({
  checkpointEvery: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 100,
    description: 'Records between two signed checkpoints',
    env: 'AUDIT_CHECKPOINT_EVERY',
  }),
  repeatHorizon: Type.Integer({
    minimum: 1000,
    maximum: 10_000_000,
    default: 100_000,
    description: 'Newest records among which a repeated entry is recognised; about 150 bytes of memory each',
    env: 'AUDIT_REPEAT_HORIZON',
  }),
  retentionDays: Type.Number({
    exclusiveMinimum: 0,
    maximum: 3650,
    default: 90,
    description: 'Days for which records are kept',
    env: 'AUDIT_RETENTION_DAYS',
  }),
  replicas: Type.Integer({
    minimum: 1,
    maximum: 5,
    default: 1,
    description: 'Copies of the audit stream; 3 in a cluster',
    env: 'NATS_STREAM_REPLICAS',
  }),
  encryptionKeys: Type.String({
    default: '',
    description: 'AES-256 keys as id:base64, comma-separated, the current one first; empty: the key file is used',
    env: 'AUDIT_ENCRYPTION_KEYS',
    secret: true,
  }),
  signingKey: Type.String({
    default: '',
    description: 'Ed25519 private key for checkpoints, PKCS 8 DER in base64; empty: the key file is used',
    env: 'AUDIT_SIGNING_KEY',
    secret: true,
  }),
  formerSigners: Type.String({
    default: '',
    description: 'Public keys of earlier signers, SPKI DER in base64, comma-separated',
    env: 'AUDIT_FORMER_SIGNERS',
  }),
  keyFile: Type.String({
    default: './data/audit-keys.json',
    description: 'Local keys, made with mode 0600 on the first start when no keys are given',
    env: 'AUDIT_KEY_FILE',
  }),
});
export type AuditConfig = Static<typeof AuditConfig>;
