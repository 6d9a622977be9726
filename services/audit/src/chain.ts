import {
  type AuditEntry,
  type AuditReceipt,
  type AuditRecord,
  CapacityError,
  jsonBytes,
  timestamp,
} from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';
import { detailBytesMax, foreignKeySentence, foreignLine, genesisHash, type LineProof } from './decide.ts';
import { type ListQuestion, listRecords, type RecordStretch } from './listing.ts';
import type { AuditLine, AuditLog, PlacedLine, RecordLine, Sealer } from './ports.ts';
import { createVerification, type Verification } from './verification.ts';

export interface ChainConfig {
  /** A signed checkpoint after so many records. */
  checkpointEvery: number;
  /** How many of the newest records are searched for an entry that was already appended. */
  repeatHorizon: number;
  retentionMs: number;
}

export interface AuditChain extends Verification {
  /**
   * Looks whether the log is ours to go on with.
   *
   * @throws `invalid_input` when it is kept with keys that this replica does not have
   */
  checkKeys(): Promise<void>;
  /** Throws `conflict`, and adds nothing, while the newest of the log was written with keys that we do not have. */
  append(entry: AuditEntry): Promise<AuditReceipt>;
  list(question: ListQuestion): Promise<RecordStretch>;
}

const pageSize = 500;
const attemptsMax = 64;

/**
 * The chain as one replica sees it. Each append is a compare-and-set on the newest position, and a replica that loses
 * reads what the others wrote before it tries again; so numbers never fork, and an entry that another replica (or a
 * former attempt whose answer was lost) has written is found by its tag.
 */
export function createAuditChain({
  log,
  sealer,
  clock,
  config,
  onTrouble,
}: {
  log: AuditLog;
  sealer: Sealer;
  clock: Clock;
  config: ChainConfig;
  onTrouble: (error: unknown) => void;
}): AuditChain {
  const known = new Map<string, { sequence: number; hash: string }>();
  let position: number | undefined;
  let tip: { sequence: number; hash: string; appendedAt: string | null } = {
    sequence: 0,
    hash: genesisHash,
    appendedAt: null,
  };
  let queue: Promise<unknown> = Promise.resolve();

  /** The newest record and the newest checkpoint that somebody else has written. */
  let theirs: AuditLine[] = [];

  const take = ({ position: at, line }: PlacedLine) => {
    position = at;
    theirs = newestOfEach(theirs, line);
    if (line?.kind === 'checkpoint' && line.sequence > tip.sequence) {
      tip = { sequence: line.sequence, hash: line.hash, appendedAt: line.made_at };
    }
    if (line?.kind !== 'record') return;
    tip = { sequence: line.sequence, hash: line.hash, appendedAt: line.appended_at };
    known.set(line.id_tag, { sequence: line.sequence, hash: line.hash });
    if (known.size > config.repeatHorizon) known.delete(known.keys().next().value as string);
  };

  const catchUp = async () => {
    const { first, last } = await log.bounds();
    let from = position === undefined ? Math.max(first, last - config.repeatHorizon) : position + 1;
    while (from <= last) {
      const page = await log.read(from, pageSize);
      for (const placed of page) take(placed);
      const newest = page.at(-1);
      if (!newest) break;
      from = newest.position + 1;
    }
    position = Math.max(position ?? 0, last);
  };

  const appendNow = async (entry: AuditEntry): Promise<AuditReceipt> => {
    if (position === undefined) await catchUp();
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const foreign = foreignLine(theirs, sealer.ownership);
      if (foreign) {
        await catchUp();
        throw new CapacityError('conflict', foreignKeySentence(foreign));
      }
      for (const tag of sealer.tagsOf(entry.id)) {
        const earlier = known.get(tag);
        if (earlier) return { id: entry.id, ...earlier };
      }
      const line = sealer.seal(entry, {
        sequence: tip.sequence + 1,
        previousHash: tip.hash,
        previousAt: tip.appendedAt,
        appendedAt: timestamp(clock.nowMs()),
      });
      const outcome = await log.append(line, position as number);
      if (outcome.ok) {
        take({ position: outcome.position, line });
        theirs = [];
        if (line.sequence % config.checkpointEvery === 0) await checkpoint(line);
        return { id: entry.id, sequence: line.sequence, hash: line.hash };
      }
      await catchUp();
    }
    throw new CapacityError('unavailable', 'the audit log is too busy: every append lost the race; try again');
  };

  const checkpoint = async ({ sequence, hash }: RecordLine) => {
    try {
      const line = sealer.sign({ sequence, hash, madeAt: timestamp(clock.nowMs()) });
      const outcome = await log.append(line, position as number);
      // When another replica's record has come in between, the next checkpoint covers this one too.
      if (outcome.ok) {
        take({ position: outcome.position, line });
        theirs = [];
      }
    } catch (error) {
      onTrouble(error);
    }
  };

  const verification = createVerification({
    log,
    proofOf,
    clock,
    retentionMs: config.retentionMs,
    untilAppended: () => queue,
  });

  return {
    async checkKeys() {
      const { first, last } = await log.bounds();
      let newest: AuditLine[] = [];
      for (let from = Math.max(first, last - pageSize + 1); from <= last; ) {
        const page = await log.read(from, pageSize);
        for (const { line } of page) newest = newestOfEach(newest, line);
        from = (page.at(-1)?.position ?? last) + 1;
      }
      const foreign = foreignLine(newest, sealer.ownership);
      if (foreign) throw new CapacityError('invalid_input', foreignKeySentence(foreign));
    },
    append(entry) {
      const bytes = jsonBytes(entry.detail ?? null);
      if (bytes > detailBytesMax) {
        const said = `the detail of ${entry.action} has ${bytes} bytes, and a record of the audit log holds ${detailBytesMax}`;
        return Promise.reject(new CapacityError('too_large', said));
      }
      const result = queue.then(() => appendNow(entry));
      queue = result.catch(() => undefined);
      return result;
    },
    list: (question) => listRecords({ log, clock, show }, question),
    verify: verification.verify,
    stop: verification.stop,
  };

  function proofOf(line: AuditLine | undefined): LineProof {
    if (line === undefined) return 'forged';
    if (line.kind === 'checkpoint') return sealer.isSigned(line) ? 'ours' : 'forged';
    if (sealer.hashOf(line) !== line.hash) return 'forged';
    // Anybody can compute a hash. Only a key holder can seal, so a record that a known key does not open is forged.
    const opened = sealer.open(line);
    if (opened.ok) return 'ours';
    return opened.reason === 'unknown_key' ? 'unknown_key' : 'forged';
  }

  /** A record that cannot be opened is shown as such: hiding it would make the list look complete. */
  function show(line: RecordLine): AuditRecord {
    const opened = sealer.open(line);
    const entry: AuditEntry = opened.ok
      ? opened.entry
      : {
          id: `unreadable:${line.sequence}`,
          actor: 'unknown',
          action: 'unreadable',
          target: 'unknown',
          outcome: opened.reason,
          time: line.appended_at,
          detail: opened.detail,
        };
    return { sequence: line.sequence, entry, previous_hash: line.previous_hash, hash: line.hash };
  }
}

/** The newest record and the newest checkpoint, with a line that is newer than both. */
function newestOfEach(known: readonly AuditLine[], line: AuditLine | undefined): AuditLine[] {
  return line === undefined ? [...known] : [...known.filter(({ kind }) => kind !== line.kind), line];
}
