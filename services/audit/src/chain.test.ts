import { type AuditEntry, isCapacityError, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { Clock } from '@capplan/runtime';
import { expect } from 'chai';
import fc from 'fast-check';
import { createAesSealer } from './adapters/aes-sealer.ts';
import { makeAuditKeys } from './adapters/key-file.ts';
import { type AppendFault, createMemoryAuditLog, type MemoryAuditLog } from './adapters/memory-log.ts';
import { createAuditChain } from './chain.ts';
import type { RecordLine } from './ports.ts';

const keys = makeAuditKeys();
const startMs = Date.parse('2026-03-01T12:00:00Z');
const dayMs = 86_400_000;

const entry = (id: string): AuditEntry => ({
  id,
  actor: 'ada',
  action: 'plan.approve',
  target: 'shop/checkout',
  outcome: 'allowed',
  time: timestamp(startMs),
  detail: { workers: 4, note: 'a detail that must not be readable in the log' },
});

/** The turns of a walk take no time, and its answer has all the time of the world. */
const clockAt = (nowMs: () => number): Clock =>
  ({ nowMs, sleep: (ms: number) => (ms < 10 ? Promise.resolve() : new Promise(() => {})) }) as Clock;

function chainOn(log: MemoryAuditLog, options: { nowMs?: () => number; checkpointEvery?: number } = {}) {
  const clock = clockAt(options.nowMs ?? (() => startMs));
  return createAuditChain({
    log,
    sealer: createAesSealer(keys),
    clock,
    config: { checkpointEvery: options.checkpointEvery ?? 10, repeatHorizon: 10_000, retentionMs: 90 * dayMs },
    onTrouble: () => undefined,
  });
}

async function filled(count: number, options: Parameters<typeof chainOn>[1] = {}) {
  const log = createMemoryAuditLog();
  const chain = chainOn(log, options);
  for (let i = 1; i <= count; i++) await chain.append(entry(`e${i}`));
  return { log, chain };
}

const recordAt = async (log: MemoryAuditLog, position: number) => (await log.read(position, 1))[0]?.line as RecordLine;

describe('an audit chain', () => {
  it('numbers records from 1, links each to the one before, and gives the number and hash as a receipt', async () => {
    const { log, chain } = await filled(3);
    const receipt = await chain.append(entry('e4'));
    const { records, total } = await chain.list({ limit: 10 });
    expect(records.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4]);
    expect(records.slice(1).map((record) => record.previous_hash)).to.deep.equal(
      records.slice(0, 3).map(({ hash }) => hash),
    );
    expect(receipt).to.deep.equal({ id: 'e4', sequence: 4, hash: records[3]?.hash });
    expect(total).to.equal(4);
    expect(JSON.stringify(await log.read(1, 100))).to.not.contain('readable');
  });

  it('gives the first receipt again for an entry that is already there, also to another replica', async () => {
    const { log, chain } = await filled(3);
    const first = await chain.append(entry('same'));
    expect(await chain.append(entry('same'))).to.deep.equal(first);
    expect(await chainOn(log).append(entry('same'))).to.deep.equal(first);
    expect((await chain.list({ limit: 100 })).total).to.equal(4);
  });

  it('refuses what no record can hold, and goes on with the next', async () => {
    const { chain } = await filled(1);
    const large = { ...entry('large'), detail: { text: 'x'.repeat(600_000) } };
    const refused = await chain.append(large).catch((error: unknown) => error);
    expect(refused).to.include({ code: 'too_large' });
    expect((await chain.append(entry('next'))).sequence).to.equal(2);
  });

  it('lists from any sequence, across checkpoints', async () => {
    const { chain } = await filled(57, { checkpointEvery: 5 });
    for (const from of [1, 5, 6, 30, 55, 57]) {
      const { records } = await chain.list({ fromSequence: from, limit: 7 });
      expect(records.map(({ sequence }) => sequence)).to.deep.equal(
        Array.from({ length: Math.min(7, 58 - from) }, (_, i) => from + i),
      );
      expect(records[0]?.entry.id).to.equal(`e${from}`);
    }
    expect((await chain.list({ limit: 3 })).records.map(({ sequence }) => sequence)).to.deep.equal([55, 56, 57]);
    expect((await chain.list({ fromSequence: 58, limit: 3 })).records).to.deep.equal([]);
  });

  it('keeps one chain, with every entry exactly once, when replicas race, answers are lost and askers repeat themselves', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 4 }), async (seed, replicas) => {
        const random = createRandomStream(seed);
        const faults: AppendFault[] = [undefined, undefined, undefined, 'lost', 'answer_lost'];
        const log = createMemoryAuditLog(() => faults[random.integer(faults.length)]);
        const chains = Array.from({ length: replicas }, () => chainOn(log, { checkpointEvery: 4 }));
        const ids = Array.from({ length: 20 }, (_, i) => `e${i}`);
        const receipts = await Promise.all(
          ids.map(async (id) => {
            for (let attempt = 0; attempt < 200; attempt++) {
              const chain = chains[random.integer(replicas)] as (typeof chains)[number];
              try {
                return await chain.append(entry(id));
              } catch (error) {
                if (!isCapacityError(error, 'unavailable')) throw error;
              }
            }
            throw new Error(`${id} never got through`);
          }),
        );
        const reader = chainOn(log);
        const { records } = await reader.list({ fromSequence: 1, limit: 1000 });
        expect(records.map((record) => record.entry.id).sort()).to.deep.equal([...ids].sort());
        for (const receipt of receipts) {
          expect(records[receipt.sequence - 1]).to.include({ hash: receipt.hash });
          expect(records[receipt.sequence - 1]?.entry.id).to.equal(receipt.id);
        }
        expect(await reader.verify()).to.deep.equal({ intact: true, records: 20, first_broken: null });
      }),
      { numRuns: 25 },
    );
  });

  it('finds an empty log intact', async () => {
    expect(await chainOn(createMemoryAuditLog()).verify()).to.deep.equal({
      intact: true,
      records: 0,
      first_broken: null,
    });
  });

  it('names the first record that was changed, removed, forged or moved', async () => {
    const attacks: [string, (log: MemoryAuditLog) => Promise<void>][] = [
      ['changed', async (log) => log.tamper(4, { ...(await recordAt(log, 4)), appended_at: timestamp(startMs + 1) })],
      ['removed', async (log) => log.tamper(4, undefined)],
      [
        'forged with a matching hash',
        async (log) => {
          const old = await recordAt(log, 4);
          const forged = { ...old, sealed: Buffer.from('nothing sealed, just written').toString('base64') };
          log.tamper(4, { ...forged, hash: createAesSealer(keys).hashOf(forged) });
        },
      ],
      [
        'swapped with its neighbour',
        async (log) => {
          const [fourth, fifth] = [await recordAt(log, 4), await recordAt(log, 5)];
          log.tamper(4, fifth);
          log.tamper(5, fourth);
        },
      ],
      [
        'sealed with other keys',
        async (log) => {
          const old = await recordAt(log, 4);
          const place = { previousHash: old.previous_hash, previousAt: old.previous_at, appendedAt: old.appended_at };
          const forged = createAesSealer(makeAuditKeys()).seal(entry('e4'), { ...place, sequence: 4 });
          const named = { ...forged, key_id: old.key_id };
          log.tamper(4, { ...named, hash: createAesSealer(keys).hashOf(named) });
        },
      ],
    ];
    for (const [how, attack] of attacks) {
      const { log, chain } = await filled(9);
      await attack(log);
      expect(await chain.verify(), how).to.include({ intact: false, first_broken: 4 });
    }
  });

  it('does not take a record under a key that nobody has for one of ours, however well it is linked', async () => {
    const { log, chain } = await filled(3);
    const [third, ours] = [await recordAt(log, 3), createAesSealer(keys)];
    const place = { previousHash: third.hash, previousAt: third.appended_at, appendedAt: third.appended_at };
    await log.append(createAesSealer(makeAuditKeys()).seal(entry('forged'), { ...place, sequence: 4 }), 3);
    const verdict = await chain.verify();
    expect(verdict).to.include({ intact: false, records: 4, first_broken: 4 });
    expect(verdict.detail).to.include('records from 4 on').and.include('key that this replica does not have');
    // Not even with the hash of the one that stood there, when the next one of ours names another.
    const fourth = await recordAt(log, 4);
    const after = { previousHash: third.hash, previousAt: fourth.appended_at, appendedAt: fourth.appended_at };
    await log.append(ours.seal(entry('e5'), { ...after, sequence: 5 }), 4);
    expect(await chain.verify()).to.include({ intact: false, first_broken: 4 });
    log.tamper(5, ours.seal(entry('e5'), { ...after, previousHash: fourth.hash, sequence: 5 }));
    expect(await chain.verify()).to.deep.equal({ intact: true, records: 5, first_broken: null });
  });

  it('does not accept a checkpoint that somebody else signed', async () => {
    const { log, chain } = await filled(10);
    const intruder = createAesSealer(makeAuditKeys());
    log.tamper(11, intruder.sign({ sequence: 10, hash: (await recordAt(log, 10)).hash, madeAt: timestamp(startMs) }));
    expect(await chain.verify()).to.include({ intact: false, first_broken: 10 });
  });

  it('stays verifiable when the oldest records have aged out, and notices when younger ones are gone', async () => {
    let nowMs = startMs;
    const log = createMemoryAuditLog();
    const chain = chainOn(log, { nowMs: () => nowMs, checkpointEvery: 5 });
    for (let i = 1; i <= 120; i++) {
      await chain.append(entry(`e${i}`));
      nowMs += dayMs;
    }
    const positions = await log.read(1, 1000);
    const lastOlderThan90Days = positions.filter(
      ({ line }) => line?.kind === 'record' && Date.parse(line.appended_at) <= nowMs - 90 * dayMs,
    );
    log.forgetUpTo(lastOlderThan90Days.at(-1)?.position as number);
    expect(await chain.verify()).to.include({ intact: true, first_broken: null });
    expect(await chainOn(log, { nowMs: () => nowMs }).append(entry('next'))).to.include({ sequence: 121 });

    const next = positions.find(({ line }) => line?.kind === 'record' && line.sequence === 41)?.position as number;
    log.forgetUpTo(next);
    expect(await chain.verify()).to.include({ intact: false, first_broken: 41 });
  });

  it('adds nothing to a log that somebody with other keys goes on with, and says what to do', async () => {
    const { log, chain } = await filled(3);
    const strangers = createAuditChain({
      log,
      sealer: createAesSealer(makeAuditKeys()),
      clock: clockAt(() => startMs),
      config: { checkpointEvery: 2, repeatHorizon: 1000, retentionMs: 90 * dayMs },
      onTrouble: () => undefined,
    });
    const refusal = async (attempt: Promise<unknown>) => {
      const error = await attempt.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (!isCapacityError(error)) throw error ?? new Error('it was done');
      return error;
    };
    const atStart = await refusal(strangers.checkKeys());
    expect(atStart.code).to.equal('invalid_input');
    expect(atStart.message).to.include('other keys').and.include('AUDIT_KEY_FILE').and.include('CAPACITY_AUDIT');
    expect((await refusal(strangers.append(entry('x')))).code).to.equal('conflict');
    await chain.checkKeys();
    await chain.append(entry('e4'));
    expect(await chain.verify()).to.deep.equal({ intact: true, records: 4, first_broken: null });
  });

  it('lets one of two with keys of their own begin an empty log, and the other one not go on', async () => {
    const log = createMemoryAuditLog();
    const two = [keys, makeAuditKeys()].map((own) =>
      createAuditChain({
        log,
        sealer: createAesSealer(own),
        clock: clockAt(() => startMs),
        config: { checkpointEvery: 5, repeatHorizon: 1000, retentionMs: 90 * dayMs },
        onTrouble: () => undefined,
      }),
    );
    await Promise.all(two.map((chain) => chain.checkKeys()));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => two[i % 2]?.append(entry(`e${i}`))));
    const done = [0, 1].map(
      (who) => outcomes.filter(({ status }, i) => i % 2 === who && status === 'fulfilled').length,
    );
    expect(done.sort((a, b) => a - b)).to.deep.equal([0, 10]);
    const verdicts = await Promise.all(two.map((chain) => chain.verify()));
    expect(verdicts.some(({ intact }) => intact)).to.equal(true);
  });

  it('still opens records that were sealed with a former key', async () => {
    const { log } = await filled(3);
    const next = makeAuditKeys();
    const rotated = createAuditChain({
      log,
      sealer: createAesSealer({
        encryption: [{ id: 'second', key: next.encryption[0]?.key as string }, ...keys.encryption],
        signing: keys.signing,
      }),
      clock: clockAt(() => startMs),
      config: { checkpointEvery: 10, repeatHorizon: 1000, retentionMs: 90 * dayMs },
      onTrouble: () => undefined,
    });
    expect(await rotated.append(entry('e2'))).to.include({ sequence: 2 });
    expect(await rotated.append(entry('e4'))).to.include({ sequence: 4 });
    expect((await recordAt(log, 4)).key_id).not.to.equal((await recordAt(log, 3)).key_id);
    const { records } = await rotated.list({ limit: 10 });
    expect(records.map((record) => record.entry.id)).to.deep.equal(['e1', 'e2', 'e3', 'e4']);
    expect(await rotated.verify()).to.include({ intact: true });
    // Whoever lacks the new key can stand for its records only where a checkpoint does, and sees what it cannot read.
    const without = chainOn(log);
    expect(await without.verify()).to.include({ intact: false, first_broken: 4 });
    for (let i = 5; i <= 10; i++) await rotated.append(entry(`e${i}`));
    expect(await without.verify()).to.deep.equal({ intact: true, records: 10, first_broken: null });
    expect((await without.list({ limit: 10 })).records[3]?.entry).to.include({ action: 'unreadable' });
  });
});
