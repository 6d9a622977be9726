import { isCapacityError, jsonBytes, messageBytesMax, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { Clock } from '@capplan/runtime';
import { expect } from 'chai';
import { createAesSealer } from './adapters/aes-sealer.ts';
import { makeAuditKeys } from './adapters/key-file.ts';
import { createMemoryAuditLog } from './adapters/memory-log.ts';
import { createAuditChain } from './chain.ts';
import { type AuditLog, readBytesMax } from './ports.ts';

/** A log with records of this size, the lines read from it counted, and a clock that each reading puts on by `readMs`. */
async function filled(count: number, detailBytes: number, readMs = 0) {
  let nowMs = Date.parse('2026-03-01T12:00:00Z');
  const read = { lines: 0, bytesAtOnce: 0 };
  const memory = createMemoryAuditLog();
  const log: AuditLog = {
    ...memory,
    read: async (...asked) => {
      const lines = await memory.read(...asked);
      nowMs += readMs;
      read.lines += lines.length;
      read.bytesAtOnce = Math.max(
        read.bytesAtOnce,
        lines.reduce((sum, { line }) => sum + jsonBytes(line), 0),
      );
      return lines;
    },
  };
  const chain = createAuditChain({
    log,
    sealer: createAesSealer(makeAuditKeys()),
    clock: { nowMs: () => nowMs, sleep: () => Promise.resolve() } as unknown as Clock,
    config: { checkpointEvery: 10, repeatHorizon: 10_000, retentionMs: 90 * 86_400_000 },
    onTrouble: () => undefined,
  });
  // Text that hardly compresses: the size of a record is that of its line.
  const random = createRandomStream(1);
  const letters = Array.from({ length: detailBytes }, () => String.fromCodePoint(35 + random.integer(57)));
  const detail = { text: letters.join('').replaceAll('\\', '~') };
  for (let i = 1; i <= count; i++) {
    const who = { actor: 'ada', action: 'test', target: 'shop/mail', outcome: 'allowed' };
    await chain.append({ id: `e${i}`, ...who, time: timestamp(nowMs), detail });
  }
  read.lines = 0;
  read.bytesAtOnce = 0;
  return { chain, read, nowMs: () => nowMs };
}

describe('listing the audit log', () => {
  it('opens no more than fits into a page, however many records are asked for', async () => {
    const { chain, read } = await filled(100, 100_000);
    const { records, isMore, total } = await chain.list({ fromSequence: 1, limit: 1_000 });
    expect(records.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(jsonBytes(records)).to.be.within(messageBytesMax / 2, messageBytesMax);
    expect({ isMore, total }).to.deep.equal({ isMore: true, total: 100 });
    expect(read.lines).to.be.lessThan(40);
    expect(read.bytesAtOnce).to.be.lessThan(readBytesMax + 200_000);
  });

  it('comes to the end, page after page, with every record once', async () => {
    const { chain } = await filled(60, 100_000);
    const seen: number[] = [];
    for (let isMore = true; isMore; ) {
      const page = await chain.list({ fromSequence: (seen.at(-1) ?? 0) + 1, limit: 1_000 });
      seen.push(...page.records.map(({ sequence }) => sequence));
      isMore = page.isMore;
    }
    expect(seen).to.deep.equal(Array.from({ length: 60 }, (_, i) => i + 1));
  });

  it('answers what it has when the time is up, and says so when it has nothing', async () => {
    // Finding the place takes some readings of a second each.
    const { chain, nowMs } = await filled(1_000, 10, 1_000);
    const late = await chain.list({ fromSequence: 1, limit: 1_000, untilMs: nowMs() + 5_000 }).catch((error) => error);
    expect(isCapacityError(late, 'unavailable')).to.equal(true);
    const some = await chain.list({ fromSequence: 1, limit: 1_000, untilMs: nowMs() + 10_500 });
    expect(some.records.length).to.be.within(400, 600);
    expect(some.isMore).to.equal(true);
    expect((await chain.list({ fromSequence: 1, limit: 1_000 })).records).to.have.length(1_000);
  });
});
