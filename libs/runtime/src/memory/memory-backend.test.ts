import { isCapacityError } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import Type from 'typebox';
import { createVirtualClock } from '../clock/virtual-clock.ts';
import { asker, breach } from '../conformance/samples.ts';
import type { Faults } from './faults.ts';
import { createMemoryBackend } from './memory-backend.ts';

const minuteMs = 60_000;
const Total = Type.Object({ sum: Type.Number(), seen: Type.Array(Type.String()) });
interface Total {
  sum: number;
  seen: string[];
}

function open(faults: Faults = {}, seed: number | string = 1) {
  const clock = createVirtualClock({ startMs: 0 });
  return { clock, backend: createMemoryBackend({ clock, random: createRandomStream(seed), faults }) };
}

/** A writer, two replicas that add up what they hear, and a relay that says the sum; with every fault there is. */
async function addUp(seed: number, faults: Faults) {
  const { clock, backend } = open(faults, seed);
  const log: string[] = [];
  const note = (line: string) => log.push(`${clock.nowMs()} ${line}`);
  const untilDone = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isCapacityError(error, 'unavailable')) throw error;
        await clock.sleep(500);
      }
    }
  };
  const startReplica = async (instance: string) => {
    const context = backend.context('adder', instance);
    const records = await context.records<Total>('totals', Total);
    await context.bus.consume('slo.breached', { durable: 'adder', maxDeliveries: 50 }, async ({ key, envelope }) => {
      note(`${instance} hears ${envelope.id}`);
      const present = await records.get(key);
      if (present?.value.seen.includes(envelope.id)) return;
      const value = {
        sum: (present?.value.sum ?? 0) + envelope.data.target_s,
        seen: [...(present?.value.seen ?? []), envelope.id],
      };
      if (present) await records.update(key, value, present.revision);
      else await records.create(key, value);
    });
    await records.relay('sums', async ({ key, revision, value }) => {
      note(`${instance} relays ${key} ${value?.sum}`);
      const { pool, ...rest } = breach(key, `${revision}`).data;
      await context.bus.publish({
        type: 'budget.alert',
        key,
        cause: `${revision}`,
        data: { pool, period: 'hour', kind: 'soft', budget: 0, projected: value?.sum ?? 0, timestamp: rest.timestamp },
      });
    });
    return context;
  };
  let one = await clock.waitFor(startReplica('one'));
  await clock.waitFor(startReplica('two'));
  const writer = backend.context('writer');
  const writing = (async () => {
    for (let i = 1; i <= 40; i++) {
      await untilDone(() => writer.bus.publish(breach(`shop/p${i % 3}`, `${i}`, i)));
      await clock.sleep(1_000);
    }
  })();
  await clock.advance(15_000);
  one.crash();
  await clock.advance(5_000);
  one = await clock.waitFor(startReplica('one'));
  one.cutOff();
  await clock.advance(20_000);
  one.heal();
  await clock.waitFor(writing);
  backend.setFaults({});
  await clock.advanceUntil(() => backend.pending() === 0, 60 * minuteMs);
  const events = backend.messages('events');
  const sums = new Map<string, number>();
  for (const { type, key, envelope } of events) {
    if (type === 'budget.alert') sums.set(key, (envelope as { data: { projected: number } }).data.projected);
  }
  return { log, events, sums, pending: backend.pending(), dead: backend.deadLetters().length };
}

const manyFaults: Faults = {
  dropDelivery: 0.05,
  duplicateDelivery: 0.1,
  delayDelivery: 0.1,
  reorderDelivery: 0.1,
  failPublish: 0.05,
  failPublishAfterStoring: 0.05,
  failRecordWrite: 0.05,
  failRecordWriteAfterStoring: 0.05,
  failRecordRead: 0.05,
  delayOperation: 0.2,
};

describe('createMemoryBackend', () => {
  it('loses nothing and adds nothing twice under every fault, a crash and a cut', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { sums, pending, dead } = await addUp(seed, manyFaults);
      const expected = (rest: number) =>
        Array.from({ length: 40 }, (_, i) => i + 1)
          .filter((i) => i % 3 === rest)
          .reduce((sum, i) => sum + i, 0);
      expect(pending, `seed ${seed}: pending`).to.equal(0);
      expect(dead, `seed ${seed}: dead letters`).to.equal(0);
      for (const rest of [0, 1, 2])
        expect(sums.get(`shop/p${rest}`), `seed ${seed}: p${rest}`).to.equal(expected(rest));
    }
  });

  it('tells the same story for the same seed, and another one for another', async () => {
    const first = await addUp(7, manyFaults);
    const second = await addUp(7, manyFaults);
    const other = await addUp(8, manyFaults);
    expect(second.log).to.deep.equal(first.log);
    expect(second.events).to.deep.equal(first.events);
    expect(other.log).not.to.deep.equal(first.log);
  });

  it('breaks things when told to', async () => {
    const { log } = await addUp(1, {});
    const troubled = await addUp(1, manyFaults);
    const heard = (lines: string[]) => lines.filter((line) => line.includes('hears')).length;
    expect(heard(troubled.log)).to.be.greaterThan(heard(log));
  });

  it('lets nothing of a crashed replica act any more', async () => {
    const { clock, backend } = open();
    const doomed = backend.context('service', 'a');
    const acts: string[] = [];
    const act = async () => {
      await doomed.clock.sleep(1_000);
      acts.push('woke');
      await doomed.bus.publish(breach('shop/a', '1'));
    };
    void act();
    void doomed.bus.publish(breach('shop/a', '2')).then(() => acts.push('went on'));
    doomed.clock.every(
      500,
      () => {
        acts.push('ticked');
      },
      () => {},
    );
    doomed.crash();
    await clock.advance(minuteMs);
    expect(acts).to.deep.equal([]);
  });

  it('crashes just before or just after an operation takes effect', async () => {
    for (const when of ['before', 'after'] as const) {
      const { clock, backend } = open();
      const context = backend.context('service');
      context.crashAtOperation(2, when);
      const reached: number[] = [];
      void (async () => {
        for (const n of [1, 2, 3]) {
          await context.bus.publish(breach('shop/a', `${n}`));
          reached.push(n);
        }
      })();
      await clock.advance(1_000);
      expect(reached).to.deep.equal([1]);
      expect(backend.messages('events').length).to.equal(when === 'before' ? 1 : 2);
      expect(context.isUp()).to.equal(false);
    }
  });

  it('lets a request to a crashed owner run into its deadline', async () => {
    const { clock, backend } = open();
    const owner = backend.context('planner');
    const gateway = backend.context('gateway');
    await owner.bus.respond('pool.list', async () => {
      owner.crash();
      return { pools: [] };
    });
    const asked = gateway.bus.request('pool.list', {}, { key: '_/x', actor: asker }).catch((error: unknown) => error);
    const outcome = await clock.waitFor(asked);
    expect(isCapacityError(outcome, 'deadline_exceeded')).to.equal(true);
  });

  it('fails what a cut-off replica says, and gives it afterwards what it missed', async () => {
    const { clock, backend } = open();
    const viewer = backend.context('viewer');
    const writer = backend.context('writer');
    const seen: number[] = [];
    await viewer.bus.follow('slo.breached', ({ envelope }) => {
      seen.push(envelope.data.target_s);
    });
    viewer.cutOff();
    const outcome = await viewer.bus.publish(breach('shop/a', '0')).catch((error: unknown) => error);
    expect(isCapacityError(outcome, 'unavailable')).to.equal(true);
    await writer.bus.publish(breach('shop/a', '1', 1));
    await clock.advance(1_000);
    expect(seen).to.deep.equal([]);
    viewer.heal();
    await clock.advance(1_000);
    expect(seen).to.deep.equal([1]);
  });

  it('sets a message aside that brings down every replica that touches it', async () => {
    const { clock, backend } = open();
    await backend.context('writer').bus.publish(breach('shop/a', '1'));
    for (let n = 1; n <= 3; n++) {
      const context = backend.context('reader', `${n}`);
      void context.bus.consume('slo.breached', { durable: 'reader', maxDeliveries: 2 }, async () => {
        context.crash();
        await context.clock.sleep(1);
      });
      await clock.advance(minuteMs);
    }
    expect(backend.deadLetters().map((letter) => letter.reason)).to.deep.equal(['too_many_deliveries']);
    expect(backend.pending()).to.equal(0);
  });

  it('forgets reports of workers after their time, and never the newest record of decisions', async () => {
    const { clock, backend } = open();
    const writer = backend.context('writer');
    await writer.bus.publish(breach('shop/a', '1'));
    const data = { pool: 'shop/a', source: 's', sequence: 1, from: stamp, to: stamp, arrived: 1 };
    await writer.bus.ingest('arrival', { key: 'shop/a', cause: '1', data });
    await clock.advance(61 * minuteMs);
    expect(backend.messages('ingest')).to.deep.equal([]);
    expect(backend.messages('events')).to.have.length(1);
  });
});

const stamp = '2026-01-01T00:00:00Z';
