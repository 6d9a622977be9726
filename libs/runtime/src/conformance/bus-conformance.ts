import { eventSubject, isCapacityError, messageBytesMax } from '@capplan/contracts';
import { expect } from 'chai';
import { eventually, failureOf, type Harness } from './harness.ts';
import { asker, breach, overspent } from './samples.ts';

/** What every bus must do, whichever way it does it. */
export function describeBusConformance(name: string, open: () => Promise<Harness>): void {
  describe(`the bus: ${name}`, () => {
    let world: Harness;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const collect = () => {
      const seen: { key: string; target: number; deliveries: number; id: string }[] = [];
      return {
        seen,
        handler: async (message: { key: string; deliveries: number; envelope: { id: string; data: unknown } }) => {
          const { target_s } = message.envelope.data as { target_s: number };
          seen.push({ key: message.key, target: target_s, deliveries: message.deliveries, id: message.envelope.id });
        },
      };
    };

    it('delivers every event once to one of the replicas of a consumer, and to every consumer', async () => {
      const [writer, a1, a2, b] = await Promise.all(['writer', 'a', 'a', 'b'].map(world.context));
      const ofA = collect();
      const ofB = collect();
      await a1?.bus.consume('slo.breached', { durable: 'a' }, ofA.handler);
      await a2?.bus.consume('slo.breached', { durable: 'a' }, ofA.handler);
      await b?.bus.consume('slo.breached', { durable: 'b' }, ofB.handler);
      for (let i = 1; i <= 40; i++) await writer?.bus.publish(breach(`shop/pool-${i % 4}`, `${i}`, i));
      const expected = Array.from({ length: 40 }, (_, i) => i + 1);
      await eventually(world, 'forty events each', () => ofA.seen.length >= 40 && ofB.seen.length >= 40);
      await world.pass(300);
      expect(ofA.seen.map((m) => m.target).sort((x, y) => x - y)).to.deep.equal(expected);
      expect(ofB.seen.map((m) => m.target).sort((x, y) => x - y)).to.deep.equal(expected);
    });

    it('recognises a repeated message by its derived id', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const { seen, handler } = collect();
      await reader.bus.consume('slo.breached', { durable: 'reader' }, handler);
      expect(await writer.bus.publish(breach('shop/checkout', 'window-1'))).to.deep.equal({ duplicate: false });
      expect(await writer.bus.publish(breach('shop/checkout', 'window-1'))).to.deep.equal({ duplicate: true });
      expect(await writer.bus.publish(breach('shop/checkout', 'window-2'))).to.deep.equal({ duplicate: false });
      await eventually(world, 'both events', () => seen.length >= 2);
      await world.pass(300);
      expect(seen.map((m) => m.id)).to.deep.equal([
        'slo.breached:shop/checkout:window-1',
        'slo.breached:shop/checkout:window-2',
      ]);
    });

    it('keeps the parts of a message, keys with dots among them', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const got: unknown[] = [];
      await reader.bus.consume('slo.breached', { durable: 'reader' }, async (message) => {
        got.push({ ...message.envelope, time: 'now', sequence: typeof message.sequence, key: message.key });
      });
      const event = breach('shop.eu/check.out', 'c1', 3);
      await writer.bus.publish({
        ...event,
        causationId: 'because',
        actor: { id: 'anna', kind: 'user', roles: ['admin'] },
      });
      await eventually(world, 'the event', () => got.length === 1);
      expect(got[0]).to.deep.equal({
        id: 'slo.breached:shop.eu/check.out:c1',
        type: 'slo.breached',
        time: 'now',
        key: 'shop.eu/check.out',
        causationId: 'because',
        actor: { id: 'anna', kind: 'user', roles: ['admin'] },
        data: event.data,
        sequence: 'number',
      });
    });

    it('handles the messages of one key one after another, and of several keys at once', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const active = new Map<string, number>();
      const orders = new Map<string, number[]>();
      let atOnceMax = 0;
      let overlaps = 0;
      await reader.bus.consume('slo.breached', { durable: 'reader', concurrency: 8 }, async ({ key, envelope }) => {
        active.set(key, (active.get(key) ?? 0) + 1);
        if ((active.get(key) ?? 0) > 1) overlaps += 1;
        atOnceMax = Math.max(
          atOnceMax,
          [...active.values()].reduce((sum, n) => sum + n, 0),
        );
        await reader.clock.sleep(10);
        orders.set(key, [...(orders.get(key) ?? []), envelope.data.target_s]);
        active.set(key, (active.get(key) ?? 0) - 1);
      });
      for (let i = 1; i <= 12; i++) await writer.bus.publish(breach(`shop/pool-${i % 3}`, `${i}`, i));
      await eventually(world, 'twelve handled', () => [...orders.values()].flat().length === 12);
      expect(overlaps).to.equal(0);
      expect(atOnceMax).to.be.greaterThan(1);
      for (const order of orders.values()) expect(order).to.deep.equal([...order].sort((x, y) => x - y));
    });

    it('delivers again with growing delay when a handler throws, then sets the message aside', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const tries: { atMs: number; deliveries: number; storedAtMs: number }[] = [];
      await reader.bus.consume('slo.breached', { durable: 'reader', maxDeliveries: 3 }, async (delivered) => {
        const { deliveries, storedAtMs } = delivered;
        tries.push({ atMs: reader.clock.nowMs(), deliveries, storedAtMs });
        throw new Error('not today');
      });
      await writer.bus.publish(breach('shop/checkout', '1'));
      await eventually(world, 'three tries', () => tries.length === 3);
      await world.pass(300);
      expect(tries.map((t) => t.deliveries)).to.deep.equal([1, 2, 3]);
      // When the stream took it in is the same at every delivery, and not after the first.
      expect(new Set(tries.map((t) => t.storedAtMs))).to.have.property('size', 1);
      expect(tries[0]?.storedAtMs).to.be.at.most((tries[0]?.atMs as number) + 1);
      const gaps = tries.slice(1).map((t, i) => t.atMs - (tries[i]?.atMs ?? 0));
      expect(gaps[1]).to.be.greaterThan(gaps[0] as number);
      expect(await world.deadLetters()).to.deep.equal([
        { consumer: 'reader', reason: 'handler_failed', subject: eventSubject('slo.breached', 'shop/checkout') },
      ]);
      expect(await reader.metrics.text()).to.match(/dead_letters_total\{[^}]*reason="handler_failed"[^}]*\} 1/);
    });

    it('sets aside at once what is not JSON or does not fit its schema, and goes on', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const { seen, handler } = collect();
      await reader.bus.consume('slo.breached', { durable: 'reader' }, handler);
      const key = 'shop/checkout';
      const foreign = { subject: eventSubject('slo.breached', key), type: 'slo.breached', key };
      await world.inject({ ...foreign, id: 'x1', text: 'not json' });
      const envelope = {
        id: 'x2',
        type: 'slo.breached',
        time: '2026-01-01T00:00:00Z',
        key,
        actor: { id: 'x', kind: 'service' },
        data: { pool: key },
      };
      await world.inject({ ...foreign, id: 'x2', text: JSON.stringify(envelope) });
      await writer.bus.publish(breach(key, '1'));
      await eventually(world, 'the good event', () => seen.length === 1);
      await world.pass(300);
      expect((await world.deadLetters()).map((letter) => letter.reason)).to.deep.equal(['malformed', 'schema']);
    });

    it('refuses to publish what does not fit its schema', async () => {
      const writer = await world.context('writer');
      const event = breach('shop/checkout', '1');
      const outcome = await writer.bus
        .publish({ ...event, data: { ...event.data, share_within: 7 } })
        .catch((error: unknown) => error);
      expect(isCapacityError(outcome, 'invalid_input')).to.equal(true);
    });

    it('refuses to publish what no message can carry, and takes what just fits', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const sizes: number[] = [];
      await reader.bus.consume('policy.changed', { durable: 'reader' }, async ({ envelope }) => {
        sizes.push(JSON.stringify(envelope).length);
      });
      const event = (length: number) =>
        ({
          type: 'policy.changed',
          key: '_/gold',
          cause: `${length}`,
          // A field of a later version, which this one has no bound for.
          data: { id: 'gold', revision: 1, policy: null, later: 'x'.repeat(length) } as never,
        }) as const;
      const refused = await failureOf(world, writer.bus.publish(event(messageBytesMax)));
      expect(refused.code).to.equal('too_large');
      await writer.bus.publish(event(1_000_000));
      await eventually(world, 'the large event', () => sizes.length === 1);
      expect(sizes[0]).to.be.greaterThan(1_000_000);
    });

    it('sets a message aside that is as large as a message may be', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      await reader.bus.consume('policy.changed', { durable: 'reader', maxDeliveries: 1 }, async () => {
        throw new Error('x'.repeat(100_000));
      });
      const data = { id: 'gold', revision: 1, policy: null, later: 'x'.repeat(1_040_000) } as never;
      await writer.bus.publish({ type: 'policy.changed', key: '_/gold', cause: '1', data });
      await world.pass(1_000);
      expect((await world.deadLetters()).map(({ reason }) => reason)).to.deep.equal(['handler_failed']);
    });

    it('goes on where the consumer stopped, with what came meanwhile', async () => {
      const writer = await world.context('writer');
      const first = await world.context('reader');
      const { seen, handler } = collect();
      const subscription = await first.bus.consume('slo.breached', { durable: 'reader' }, handler);
      await writer.bus.publish(breach('shop/checkout', '1', 1));
      await eventually(world, 'the first event', () => seen.length === 1);
      await world.pass(300);
      await subscription.stop();
      await writer.bus.publish(breach('shop/checkout', '2', 2));
      await world.pass(100);
      expect(seen).to.have.length(1);
      const second = await world.context('reader');
      await second.bus.consume('slo.breached', { durable: 'reader' }, handler);
      await eventually(world, 'the second event', () => seen.length === 2);
      expect(seen.map((m) => m.target)).to.deep.equal([1, 2]);
    });

    it('starts a new consumer at the beginning, or at the end when asked', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      await writer.bus.publish(breach('shop/checkout', '1', 1));
      const all = collect();
      const fresh = collect();
      await reader.bus.consume('slo.breached', { durable: 'all' }, all.handler);
      await reader.bus.consume('slo.breached', { durable: 'fresh', from: 'new' }, fresh.handler);
      await writer.bus.publish(breach('shop/checkout', '2', 2));
      await eventually(world, 'both readers', () => all.seen.length === 2 && fresh.seen.length === 1);
      expect(fresh.seen[0]?.target).to.equal(2);
    });

    it('brings what a crashed replica was handling to another one', async () => {
      const writer = await world.context('writer');
      const doomed = await world.context('reader');
      let held = 0;
      await doomed.bus.consume('slo.breached', { durable: 'reader', ackWaitMs: 1_000 }, async () => {
        held += 1;
        await new Promise(() => {});
      });
      await writer.bus.publish(breach('shop/checkout', '1', 1));
      await eventually(world, 'the event in the first replica', () => held === 1);
      await world.kill(doomed);
      const heir = await world.context('reader');
      const { seen, handler } = collect();
      await heir.bus.consume('slo.breached', { durable: 'reader', ackWaitMs: 1_000 }, handler);
      await eventually(world, 'the event in the second replica', () => seen.length === 1);
      expect(seen[0]?.deliveries).to.equal(2);
    });

    it('does not deliver again while a handler is still at work', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      let started = 0;
      let finished = 0;
      await reader.bus.consume('slo.breached', { durable: 'reader', ackWaitMs: 1_000 }, async () => {
        started += 1;
        await reader.clock.sleep(2_500);
        finished += 1;
      });
      await writer.bus.publish(breach('shop/checkout', '1'));
      await eventually(world, 'the handler', () => finished === 1);
      await world.pass(1_500);
      expect(started).to.equal(1);
    });

    it('waits for the handlers under way before a consumer has stopped', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      let isStarted = false;
      let isFinished = false;
      const subscription = await reader.bus.consume('slo.breached', { durable: 'reader' }, async () => {
        isStarted = true;
        await reader.clock.sleep(200);
        isFinished = true;
      });
      await writer.bus.publish(breach('shop/checkout', '1'));
      await eventually(world, 'the handler to start', () => isStarted);
      await world.settled(subscription.stop());
      expect(isFinished).to.equal(true);
    });

    it('hands every event of every type over, one at a time in the order of its stream', async () => {
      const writer = await world.context('writer');
      const reader = await world.context('reader');
      const types: string[] = [];
      await reader.bus.consumeAll({ durable: 'everything', concurrency: 1 }, async ({ envelope }) => {
        types.push(`${envelope.type} ${(envelope.data as { pool: string }).pool}`);
      });
      for (let i = 1; i <= 3; i++) {
        await writer.bus.publish(breach(`shop/p${i}`, `${i}`));
        await writer.bus.publish(overspent(`shop/p${i}`, `${i}`));
      }
      await eventually(world, 'six events', () => types.length === 6);
      expect(types).to.deep.equal(
        ['p1', 'p2', 'p3'].flatMap((p) => [`slo.breached shop/${p}`, `budget.alert shop/${p}`]),
      );
    });

    it('shows a follower the newest event of every key, then every further one', async () => {
      const writer = await world.context('writer');
      const viewer = await world.context('viewer');
      for (let i = 1; i <= 6; i++) await writer.bus.publish(breach(`shop/pool-${i % 2}`, `${i}`, i));
      const view = new Map<string, number>();
      const subscription = await world.settled(
        viewer.bus.follow('slo.breached', ({ key, envelope }) => {
          view.set(key, envelope.data.target_s);
        }),
      );
      expect([...view]).to.deep.equal([
        ['shop/pool-1', 5],
        ['shop/pool-0', 6],
      ]);
      await writer.bus.publish(breach('shop/pool-1', '7', 7));
      await eventually(world, 'the newest event', () => view.get('shop/pool-1') === 7);
      await subscription.stop();
      const empty = await world.settled(viewer.bus.follow('budget.alert', () => {}));
      await empty.stop();
    });

    it('carries reports of workers apart from events', async () => {
      const worker = await world.context('worker');
      const collector = await world.context('collector');
      const arrived: number[] = [];
      await collector.bus.consumeIngest('arrival', { durable: 'collector' }, async ({ envelope }) => {
        arrived.push(envelope.data.arrived);
      });
      const data = {
        pool: 'shop/checkout',
        source: 'web-1',
        sequence: 1,
        from: '2026-01-01T00:00:00Z',
        to: '2026-01-01T00:00:15Z',
        arrived: 12,
      };
      const report = { key: 'shop/checkout', cause: 'web-1:1', data };
      expect(await worker.bus.ingest('arrival', report)).to.deep.equal({ duplicate: false });
      expect(await worker.bus.ingest('arrival', report)).to.deep.equal({ duplicate: true });
      await eventually(world, 'the report', () => arrived.length === 1);
      expect(arrived).to.deep.equal([12]);
    });

    it('refuses a key that cannot stand in a subject', async () => {
      const writer = await world.context('writer');
      const outcome = await failureOf(world, writer.bus.publish({ ...breach('shop/checkout', '1'), key: 'no key' }));
      expect(outcome.code).to.equal('invalid_input');
      const asked = await failureOf(world, writer.bus.request('pool.list', {}, { key: 'a/b c', actor: asker }));
      expect(asked.code).to.equal('invalid_input');
    });
  });
}
