import { type AuditEntry, type Envelope, type EventType, jsonBytes, type Plan, type Rollout } from '@capplan/contracts';
import type { AuditLine } from './ports.ts';

/** `previous_hash` of the very first record. */
export const genesisHash = '0'.repeat(64);

/** The events that are decisions or acts, and so belong into the audit log. */
export const auditedEvents = [
  'plan.proposed',
  'plan.approved',
  'plan.rejected',
  'plan.cancelled',
  'plan.superseded',
  'plan.expired',
  'plan.executing',
  'plan.completed',
  'plan.failed',
  'plan.reverted',
  'rollout.started',
  'rollout.stepped',
  'rollout.held',
  'rollout.finished',
  'rollout.failed',
  'rollout.reverted',
  'policy.changed',
  'pool.changed',
  'history.imported',
  'access.denied',
  'access.granted',
] as const satisfies readonly EventType[];

/**
 * What the log keeps of an event: who, what, to what, with what outcome, and enough detail to judge the decision
 * later. Forecast curves and the plan inside a rollout are left out; the plan's own events hold it. Why a plan was made
 * stands in the entries `plan.proposed` of the same target: the later ones hold what became of it.
 */
export function auditEntryOf(envelope: Envelope): AuditEntry {
  const [context = '', outcome = ''] = envelope.type.split('.');
  return {
    id: `event:${envelope.id}`.slice(0, 256),
    actor: actorOf(context, envelope),
    action: envelope.type,
    target: targetOf(context, envelope),
    outcome,
    time: envelope.time,
    detail: fitting(detailOf(envelope)),
  };
}

/** So much JSON a detail may have: sealed it grows by a third, and a message of the log holds a mebibyte. */
export const detailBytesMax = 524_288;

/** What an event says, or how much that was: it is recorded in any case, and a detail too large to seal would end that. */
function fitting(detail: unknown): unknown {
  const bytes = jsonBytes(detail ?? null);
  return bytes <= detailBytesMax ? detail : { left_out: `${bytes} bytes, more than the ${detailBytesMax} of a record` };
}

function actorOf(context: string, envelope: Envelope): string {
  if (context === 'access') {
    const { subject } = envelope.data as { subject?: unknown };
    if (typeof subject === 'string') return subject;
  }
  return envelope.actor.id;
}

function targetOf(context: string, envelope: Envelope): string {
  const data = envelope.data as { id?: unknown; path?: unknown };
  const named = context === 'access' ? data.path : data.id;
  return (typeof named === 'string' ? named : envelope.key).slice(0, 256);
}

function detailOf({ type, data }: Envelope): unknown {
  if (type.startsWith('plan.')) {
    const { forecast: _curves, alternatives: _others, ...proposal } = data as unknown as Plan;
    if (type === 'plan.proposed') return proposal;
    const { rationale: _1, explanation: _2, simulation: _3, cost_impact: _4, ...course } = proposal;
    const { current_state: _5, target_state: _6, ...rest } = course;
    return rest;
  }
  if (type.startsWith('rollout.')) {
    const { plan: _plan, ...rest } = data as unknown as Rollout;
    return rest;
  }
  return data;
}

/** How far a walk along the chain has come. */
export interface ChainWalk {
  records: number;
  last: { sequence: number; hash: string; appendedAt: string | undefined } | undefined;
  /** Sequence of the first record that is missing or not as it was written. */
  firstBroken: number | null;
  /** Sequence of the first record that nothing written with our keys vouches for so far. */
  firstUnvouched: number | null;
}

export const chainWalkStart: ChainWalk = { records: 0, last: undefined, firstBroken: null, firstUnvouched: null };

/**
 * What only somebody with keys and hash functions can say about a line. `ours`: the record's content gives its hash and
 * one of our keys opens it, or the checkpoint's signature is good. `unknown_key`: the content gives the hash, which
 * anybody can bring about, and none of our keys is named. `forged`: everything else.
 */
export type LineProof = 'ours' | 'unknown_key' | 'forged';

/**
 * One step of a walk from the oldest kept line to the newest.
 *
 * A record is good when its content gives its hash, it names the hash of the one before, and numbers follow each
 * other. The walk begins at record 1, at a signed checkpoint whose record has aged out, or at a record whose
 * predecessor was old enough to have aged out; a front that went missing earlier is a break.
 *
 * A record under a key that is not ours is good when a later line that is ours builds on it: a record of ours names the
 * hash before it, and a checkpoint that of its record. Until then it may be anybody's.
 */
export function walkLine(
  walk: ChainWalk,
  line: AuditLine | undefined,
  proof: LineProof,
  age: { nowMs: number; retentionMs: number },
): ChainWalk {
  const next = (walk.last?.sequence ?? 0) + 1;
  if (line === undefined) return broken(walk, next);
  if (line.kind === 'checkpoint') {
    if (proof !== 'ours') return broken(walk, line.sequence);
    if (walk.last === undefined) {
      return { ...walk, last: { sequence: line.sequence, hash: line.hash, appendedAt: undefined } };
    }
    const agrees = walk.last.sequence === line.sequence && walk.last.hash === line.hash;
    return agrees ? { ...walk, firstUnvouched: null } : broken(walk, Math.min(line.sequence, next));
  }
  const counted: ChainWalk = {
    ...walk,
    records: walk.records + 1,
    last: { sequence: line.sequence, hash: line.hash, appendedAt: line.appended_at },
  };
  if (proof === 'forged') return broken(counted, line.sequence);
  const linked: ChainWalk = {
    ...counted,
    firstUnvouched: proof === 'ours' ? null : (walk.firstUnvouched ?? line.sequence),
  };
  if (walk.last === undefined) {
    if (line.sequence === 1) return line.previous_hash === genesisHash ? linked : broken(counted, 1);
    const predecessorMs = line.previous_at === null ? Number.NaN : Date.parse(line.previous_at);
    return predecessorMs <= age.nowMs - age.retentionMs ? linked : broken(counted, line.sequence - 1);
  }
  if (line.sequence !== next) return broken(counted, Math.min(next, line.sequence));
  return line.previous_hash === walk.last.hash ? linked : broken(counted, line.sequence);
}

/** Where the chain does not hold, or what breaks it was not noticed any earlier: at records that nobody vouches for. */
function broken(walk: ChainWalk, sequence: number): ChainWalk {
  if (walk.firstBroken !== null) return walk;
  return { ...walk, firstBroken: Math.min(sequence, walk.firstUnvouched ?? sequence) };
}

export interface Verdict {
  intact: boolean;
  records: number;
  first_broken: number | null;
  /** Only where something is broken. */
  detail?: string;
}

/** What a walk that has come to the newest line says of the whole chain. */
export function verdictOf({ records, firstBroken, firstUnvouched }: ChainWalk): Verdict {
  if (firstBroken !== null) {
    const detail = `record ${firstBroken} is missing, or not as it was written`;
    return { intact: false, records, first_broken: firstBroken, detail };
  }
  if (firstUnvouched === null) return { intact: true, records, first_broken: null };
  const detail =
    `records from ${firstUnvouched} on are sealed with a key that this replica does not have, and nothing that was ` +
    'written with its keys follows: they are forged, or this replica lacks a new key';
  return { intact: false, records, first_broken: firstUnvouched, detail };
}

/** Whose key a line was written with, as the holder of the keys sees it. */
type Ownership = (line: AuditLine) => 'ours' | 'foreign' | 'unclear';

/**
 * Whether a log is kept by somebody with other keys, judged by its newest record and its newest checkpoint: what two
 * sets of keys write can never be verified by either. A record that none of our keys of its name opens was changed when
 * the newest checkpoint is ours, and is somebody else's when nothing shows that the log is ours.
 *
 * @param lines the end of the log, oldest first
 * @returns what nobody here has the key of; undefined when the log is ours, or empty
 */
export function foreignLine(lines: readonly (AuditLine | undefined)[], ownership: Ownership): AuditLine | undefined {
  const checkpoint = lines.findLast((line) => line?.kind === 'checkpoint');
  const record = lines.findLast((line) => line?.kind === 'record');
  const ofCheckpoint = checkpoint && ownership(checkpoint);
  if (ofCheckpoint === 'foreign') return checkpoint;
  if (record === undefined) return undefined;
  const ofRecord = ownership(record);
  return ofRecord === 'foreign' || (ofRecord === 'unclear' && ofCheckpoint !== 'ours') ? record : undefined;
}

/** What is to be done about a log that is kept with other keys, in a sentence. */
export function foreignKeySentence(line: AuditLine): string {
  const place = `${line.kind} ${line.sequence}, key ${line.key_id}`;
  return (
    `the audit log is kept with other keys than those of this replica (${place}): give it the keys of the others ` +
    '(one AUDIT_KEY_FILE for all, or AUDIT_ENCRYPTION_KEYS and AUDIT_SIGNING_KEY; former ones behind the current, former ' +
    'signers in AUDIT_FORMER_SIGNERS); when they are lost, move the stream CAPACITY_AUDIT away to begin a new log'
  );
}
