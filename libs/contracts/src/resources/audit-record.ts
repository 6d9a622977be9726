import Type, { type Static } from 'typebox';
import { Timestamp } from '../primitives.ts';

/** What somebody asks to be recorded. */
export const AuditEntry = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 256, description: 'The same id is recorded once' }),
  actor: Type.String({ maxLength: 256 }),
  action: Type.String({ maxLength: 128 }),
  target: Type.String({ maxLength: 256 }),
  outcome: Type.String({ maxLength: 64 }),
  time: Timestamp,
  detail: Type.Unknown(),
});
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditRecord = Type.Object({
  sequence: Type.Integer({ minimum: 1 }),
  entry: AuditEntry,
  previous_hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});
export type AuditRecord = Static<typeof AuditRecord>;

/** Proof that a record is in the log: no receipt, no action. */
export const AuditReceipt = Type.Object({
  id: Type.String({ maxLength: 256 }),
  sequence: Type.Integer({ minimum: 1 }),
  hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});
export type AuditReceipt = Static<typeof AuditReceipt>;
