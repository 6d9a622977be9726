import type { AuditEntry } from '@capplan/contracts';
import Type, { type Static } from 'typebox';

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 1_400_000 });
const Time = Type.String({ minLength: 20, maxLength: 40 });

/** An entry in its sealed form. Everything but `hash` itself goes into `hash`, so that nothing can be changed quietly. */
export const RecordLine = Type.Object({
  kind: Type.Literal('record'),
  sequence: Type.Integer({ minimum: 1 }),
  /** Keyed digest of the entry's id: recognises a repeat without opening anything. */
  id_tag: Hash,
  key_id: Type.String({ minLength: 1, maxLength: 64 }),
  iv: Base64,
  sealed: Base64,
  previous_hash: Hash,
  /** When the record before was appended; tells an aged-out front from one that was cut off. */
  previous_at: Type.Union([Time, Type.Null()]),
  appended_at: Time,
  hash: Hash,
});
export type RecordLine = Static<typeof RecordLine>;

/** A signed statement: the record of this sequence had this hash. Stands right after that record. */
export const CheckpointLine = Type.Object({
  kind: Type.Literal('checkpoint'),
  sequence: Type.Integer({ minimum: 1 }),
  hash: Hash,
  made_at: Time,
  key_id: Type.String({ minLength: 1, maxLength: 64 }),
  signature: Base64,
});
export type CheckpointLine = Static<typeof CheckpointLine>;

export const AuditLine = Type.Union([RecordLine, CheckpointLine]);
export type AuditLine = Static<typeof AuditLine>;

/** A line where it stands. `line` is undefined when what stands there is no audit line. */
export interface PlacedLine {
  position: number;
  line: AuditLine | undefined;
}

/**
 * Where the lines are kept: append-only, ordered, shared by all replicas. Positions start at 1 and grow by one; the
 * oldest lines go when their retention is over.
 */
export interface AuditLog {
  /** Oldest and newest position kept; `last` stays when everything has aged out, and is 0 before the first line. */
  bounds(): Promise<{ first: number; last: number }>;
  /**
   * Adds the line if the newest one still stands at `expectedLast`.
   *
   * Throws `unavailable` when the log cannot be reached; then the line may or may not be there.
   */
  append(
    line: AuditLine,
    expectedLast: number,
  ): Promise<{ ok: true; position: number } | { ok: false; reason: 'conflict' }>;
  /**
   * Lines from `fromPosition` on, oldest first: at most `limit` of them, and fewer once they hold `readBytesMax`, but at
   * least one. Empty past the end.
   */
  read(fromPosition: number, limit: number): Promise<PlacedLine[]>;
}

/** No further line is read once so many bytes have been: what a reader holds in memory is bounded, whatever lines hold. */
export const readBytesMax = 2_097_152;

/** Where a record stands in the chain. */
export interface ChainPlace {
  sequence: number;
  previousHash: string;
  previousAt: string | null;
  appendedAt: string;
}

/** Seals and opens entries, and signs checkpoints. Holds the keys, so that nobody else has to. */
export interface Sealer {
  /** The tags an entry id may carry, the one of the current key first. */
  tagsOf(entryId: string): readonly string[];
  seal(entry: AuditEntry, place: ChainPlace): RecordLine;
  open(
    line: RecordLine,
  ): { ok: true; entry: AuditEntry } | { ok: false; reason: 'unknown_key' | 'not_authentic'; detail: string };
  /** The hash that the line should have. */
  hashOf(line: RecordLine): string;
  /** Whether the key of this line is one of ours; `unclear` where only a name, which others may use too, says so. */
  ownership(line: AuditLine): 'ours' | 'foreign' | 'unclear';
  sign(statement: { sequence: number; hash: string; madeAt: string }): CheckpointLine;
  isSigned(line: CheckpointLine): boolean;
}
