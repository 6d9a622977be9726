import { type AuditEntry, CapacityError, timestamp } from '@capplan/contracts';
import { createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { createAesSealer } from './adapters/aes-sealer.ts';
import { makeAuditKeys } from './adapters/key-file.ts';
import { createMemoryAuditLog } from './adapters/memory-log.ts';
import { createAuditChain } from './chain.ts';
import type { AuditLog } from './ports.ts';

const keys = makeAuditKeys();
const startMs = Date.parse('2026-03-01T12:00:00Z');

const entry = (id: string): AuditEntry => ({
  id,
  actor: 'ada',
  action: 'plan.approve',
  target: 'shop/checkout',
  outcome: 'allowed',
  time: timestamp(startMs),
  detail: {},
});

/** A chain on a log whose pages take `pageMs`, with so many records in it. */
async function open(count: number, pageMs: number) {
  const clock = createVirtualClock({ startMs });
  const memory = createMemoryAuditLog();
  let pages = 0;
  let slow = false;
  let isBroken = false;
  const log: AuditLog = {
    ...memory,
    bounds: async () => {
      if (isBroken) throw new CapacityError('unavailable', 'the log is away');
      return memory.bounds();
    },
    read: async (from, limit) => {
      if (slow) {
        pages += 1;
        await clock.sleep(pageMs);
      }
      return memory.read(from, limit);
    },
  };
  const config = { checkpointEvery: 100, repeatHorizon: 100_000, retentionMs: 90 * 86_400_000 };
  const chain = createAuditChain({ log, sealer: createAesSealer(keys), clock, config, onTrouble: () => undefined });
  for (let i = 1; i <= count; i++) await chain.append(entry(`e${i}`));
  slow = true;
  const refusal = (asked: Promise<unknown>) =>
    clock.waitFor(
      asked.then(
        () => 'answered',
        (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
      ),
    );
  return { chain, clock, memory, refusal, pages: () => pages, breakDown: (broken: boolean) => (isBroken = broken) };
}

describe('createVerification', () => {
  it('is walked once for all who ask at the same time', async () => {
    const { chain, clock, pages } = await open(1100, 10);
    const verdicts = await clock.waitFor(Promise.all(Array.from({ length: 20 }, () => chain.verify())));
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict)))).to.deep.equal(
      new Set([JSON.stringify({ intact: true, records: 1100, first_broken: null })]),
    );
    expect(pages()).to.equal(3);
  });

  it('says that it is still walking when the log is long, and answers who asks again, with what came meanwhile', async () => {
    const { chain, clock, refusal, pages } = await open(2100, 2000);
    expect(await refusal(chain.verify())).to.match(/^unavailable: the audit log is being verified, \d+ records so far/);
    await clock.waitFor(chain.append(entry('later')));
    await clock.advance(20_000);
    expect(await clock.waitFor(chain.verify())).to.deep.equal({ intact: true, records: 2101, first_broken: null });
    expect(pages()).to.be.at.most(6);
  });

  it('lets appends through while it walks', async () => {
    const { chain, clock } = await open(2100, 2000);
    const asked = chain.verify().catch((error: unknown) => error);
    const before = clock.nowMs();
    await clock.waitFor(Promise.all(Array.from({ length: 50 }, (_, i) => chain.append(entry(`during${i}`)))));
    expect(clock.nowMs() - before).to.be.lessThan(10);
    await clock.waitFor(asked);
  });

  it('ends when nobody waits for it any more', async () => {
    const { chain, clock, refusal, pages } = await open(2100, 50_000);
    await refusal(chain.verify());
    await clock.advance(600_000);
    expect(pages()).to.equal(2);
  });

  it('ends with the service', async () => {
    const { chain, clock, refusal, pages } = await open(2100, 5000);
    await refusal(chain.verify());
    chain.stop();
    await clock.advance(60_000);
    expect(pages()).to.equal(1);
  });

  it('walks again from the oldest line for the next one who asks: what was verified may have been changed since', async () => {
    const { chain, clock, memory } = await open(300, 1);
    expect(await clock.waitFor(chain.verify())).to.deep.include({ intact: true });
    const [placed] = await memory.read(7, 1);
    if (placed?.line?.kind !== 'record') throw new Error('no record there');
    memory.tamper(7, { ...placed.line, appended_at: timestamp(startMs + 1) });
    expect(await clock.waitFor(chain.verify())).to.deep.include({ intact: false, first_broken: 7 });
  });

  it('tells the failure of the log to all who wait, and starts anew for the next', async () => {
    const { chain, clock, breakDown, refusal } = await open(10, 1);
    breakDown(true);
    const failing = Promise.allSettled([chain.verify(), chain.verify()]);
    expect((await clock.waitFor(failing)).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await refusal(chain.verify())).to.equal('unavailable: the log is away');
    breakDown(false);
    expect(await clock.waitFor(chain.verify())).to.deep.include({ intact: true, records: 10 });
  });
});
