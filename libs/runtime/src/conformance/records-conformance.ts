import { isCapacityError, messageBytesMax } from '@capplan/contracts';
import { expect } from 'chai';
import Type from 'typebox';
import type { Records } from '../ports/records.ts';
import type { ServiceContext } from '../ports/service.ts';
import { eventually, failureOf, type Harness } from './harness.ts';

const Note = Type.Object({ text: Type.String() });
interface Note {
  text: string;
}

/** What every store of records must do. */
export function describeRecordsConformance(name: string, open: () => Promise<Harness>): void {
  describe(`records: ${name}`, () => {
    let world: Harness;
    let context: ServiceContext;
    let records: Records<Note>;
    beforeEach(async () => {
      world = await open();
      context = await world.context('owner');
      records = await context.records<Note>('notes', Note);
    });
    afterEach(() => world.close());

    const codeOf = async (promise: Promise<unknown>): Promise<string> => {
      const outcome = await world.settled(promise.catch((error: unknown) => error));
      return isCapacityError(outcome) ? outcome.code : `no refusal: ${String(outcome)}`;
    };

    it('keeps a record under its key, dots and all, with a growing revision', async () => {
      const key = 'shop.eu/check.out';
      expect(await records.get(key)).to.equal(undefined);
      const first = await records.create(key, { text: 'one' });
      const second = await records.update(key, { text: 'two' }, first);
      expect(second).to.be.greaterThan(first);
      expect(await records.get(key)).to.deep.equal({ key, value: { text: 'two' }, revision: second });
      const other = await world.context('owner');
      const same = await other.records<Note>('notes', Note);
      expect(await same.get(key)).to.deep.equal({ key, value: { text: 'two' }, revision: second });
    });

    it('lets only the first of two writers through', async () => {
      const revision = await records.create('shop/a', { text: 'one' });
      expect(await codeOf(records.create('shop/a', { text: 'again' }))).to.equal('conflict');
      const outcomes = await Promise.all(
        ['x', 'y', 'z'].map((text) =>
          records.update('shop/a', { text }, revision).then(
            () => 'written',
            (error: { code: string }) => error.code,
          ),
        ),
      );
      expect(outcomes.sort()).to.deep.equal(['conflict', 'conflict', 'written']);
      expect(await codeOf(records.update('shop/b', { text: 'nothing there' }, 7))).to.equal('conflict');
    });

    it('removes a record at its revision only, and lets it be made anew', async () => {
      const revision = await records.create('shop/a', { text: 'one' });
      expect(await codeOf(records.remove('shop/a', revision + 1))).to.equal('conflict');
      await records.remove('shop/a', revision);
      expect(await records.get('shop/a')).to.equal(undefined);
      expect(await records.list()).to.deep.equal([]);
      expect(await codeOf(records.update('shop/a', { text: 'late' }, revision))).to.equal('conflict');
      const anew = await records.create('shop/a', { text: 'two' });
      expect(anew).to.be.greaterThan(revision);
      expect((await records.get('shop/a'))?.value.text).to.equal('two');
    });

    it('lists the present records', async () => {
      for (const n of [1, 2, 3]) await records.create(`shop/p${n}`, { text: `${n}` });
      const first = await records.get('shop/p1');
      await records.remove('shop/p1', first?.revision ?? 0);
      const listed = (await records.list()).map((record) => `${record.key} ${record.value.text}`);
      expect(listed.sort()).to.deep.equal(['shop/p2 2', 'shop/p3 3']);
    });

    it('refuses what does not fit its schema or cannot be a key', async () => {
      expect(await codeOf(records.create('shop/a', { text: 7 } as never))).to.equal('invalid_input');
      expect(await codeOf(records.create('a key', { text: 'x' }))).to.equal('invalid_input');
    });

    it('holds a record nearly as large as a message may be', async () => {
      const text = 'x'.repeat(1_000_000);
      await records.create('shop/large', { text });
      expect((await records.get('shop/large'))?.value.text.length).to.equal(1_000_000);
    });

    it('refuses a record that no message can carry, says how large it is, and keeps the one before', async () => {
      const revision = await records.create('shop/a', { text: 'one' });
      // Bytes count, not characters.
      for (const text of ['x'.repeat(messageBytesMax), '€'.repeat(messageBytesMax / 2)]) {
        for (const write of [
          () => records.create('shop/b', { text }),
          () => records.update('shop/a', { text }, revision),
        ]) {
          const refused = await failureOf(world, write());
          expect(refused.code).to.equal('too_large');
          expect(refused.message).to.match(
            /^the record shop\/[ab] of notes has \d+ bytes, and a message carries at most \d+$/,
          );
        }
      }
      expect(await records.get('shop/a')).to.deep.equal({ key: 'shop/a', value: { text: 'one' }, revision });
      expect(await records.get('shop/b')).to.equal(undefined);
      await records.update('shop/a', { text: 'two' }, revision);
    });

    it('relays every write in order, removals among them, and resumes after the last one relayed', async () => {
      const seen: string[] = [];
      const first = await records.relay('outbox', async ({ key, value }) => {
        seen.push(`${key} ${value?.text ?? 'gone'}`);
      });
      let revision = await records.create('shop/a', { text: '1' });
      for (let i = 2; i <= 20; i++) revision = await records.update('shop/a', { text: `${i}` }, revision);
      await records.remove('shop/a', revision);
      await eventually(world, 'twenty-one changes', () => seen.length >= 21);
      const written = Array.from({ length: 20 }, (_, i) => `shop/a ${i + 1}`);
      expect(seen).to.deep.equal([...written, 'shop/a gone']);
      await world.pass(300);
      await first.stop();
      await records.create('shop/b', { text: 'meanwhile' });
      const heir = await (await world.context('owner')).records<Note>('notes', Note);
      await heir.relay('outbox', async ({ key, value }) => {
        seen.push(`${key} ${value?.text ?? 'gone'}`);
      });
      await eventually(world, 'the change made meanwhile', () => seen.length >= 22);
      await world.pass(300);
      expect(seen.slice(21)).to.deep.equal(['shop/b meanwhile']);
    });

    it('gives a failing relay the same change again before any later one', async () => {
      const seen: string[] = [];
      let failures = 2;
      await records.relay('outbox', async ({ value }) => {
        seen.push(value?.text ?? 'gone');
        if (value?.text === 'one' && failures-- > 0) throw new Error('not yet');
      });
      await records.create('shop/a', { text: 'one' });
      await records.create('shop/b', { text: 'two' });
      await eventually(world, 'both relayed', () => seen.includes('two'));
      expect(seen).to.deep.equal(['one', 'one', 'one', 'two']);
    });

    it('loses no change that is still to be relayed: a record that changes faster waits for its relay', async () => {
      const seen: string[] = [];
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      await records.relay('outbox', async ({ key, value }) => {
        await gate;
        seen.push(`${key} ${value?.text ?? 'gone'}`);
      });
      let revision = await records.create('shop/a', { text: '1' });
      for (let i = 2; i <= 64; i++) revision = await records.update('shop/a', { text: `${i}` }, revision);
      const refused = await failureOf(world, records.update('shop/a', { text: '65' }, revision));
      expect(refused.code).to.equal('unavailable');
      expect(refused.message).to.include('its last 64 changes are not relayed yet');
      expect(await codeOf(records.remove('shop/a', revision))).to.equal('unavailable');
      expect((await records.get('shop/a'))?.value.text).to.equal('64');
      await records.create('shop/b', { text: 'another' });
      open();
      await eventually(world, 'all of them', () => seen.length >= 65);
      const written = Array.from({ length: 64 }, (_, i) => `shop/a ${i + 1}`);
      expect(seen).to.deep.equal([...written, 'shop/b another']);
      await world.pass(300);
      await records.update('shop/a', { text: '65' }, revision);
      await eventually(world, 'the one that waited', () => seen.at(-1) === 'shop/a 65');
    }).timeout(45_000);

    it('writes a record that nobody relays as often as one likes', async () => {
      let revision = await records.create('shop/a', { text: '1' });
      for (let i = 2; i <= 150; i++) revision = await records.update('shop/a', { text: `${i}` }, revision);
      expect(await records.get('shop/a')).to.deep.equal({ key: 'shop/a', value: { text: '150' }, revision });
      expect(await world.keptRevisions('notes', 'shop/a')).to.be.at.most(64);
    }).timeout(45_000);

    it('gives every durable relay its own place, and shares one between replicas', async () => {
      const seen: string[] = [];
      const other = await (await world.context('owner')).records<Note>('notes', Note);
      const third: string[] = [];
      for (const each of [records, other]) {
        await each.relay('outbox', async ({ value }) => {
          seen.push(value?.text ?? 'gone');
        });
      }
      await records.relay('another', async ({ value }) => {
        third.push(value?.text ?? 'gone');
      });
      for (let i = 0; i < 10; i++) await records.create(`shop/p${i}`, { text: `${i}` });
      const expected = Array.from({ length: 10 }, (_, i) => `${i}`);
      await eventually(world, 'both relays', () => seen.length >= 10 && third.length >= 10);
      await world.pass(300);
      expect(seen).to.deep.equal(expected);
      expect(third).to.deep.equal(expected);
    });

    it('shows a watcher the present records, then every change', async () => {
      await records.create('shop/a', { text: 'one' });
      const doomed = await records.create('shop/b', { text: 'soon gone' });
      await records.remove('shop/b', doomed);
      const view = new Map<string, string>();
      const subscription = await world.settled(
        records.watch(({ key, value }) => {
          if (value) view.set(key, value.text);
          else view.delete(key);
        }),
      );
      expect([...view]).to.deep.equal([['shop/a', 'one']]);
      const revision = await records.create('shop/c', { text: 'three' });
      await eventually(world, 'the new record', () => view.get('shop/c') === 'three');
      await records.remove('shop/c', revision);
      await eventually(world, 'the removal', () => !view.has('shop/c'));
      await subscription.stop();
      await records.create('shop/d', { text: 'four' });
      await world.pass(200);
      expect([...view.keys()]).to.deep.equal(['shop/a']);
    });

    describe('a record that cannot be read', () => {
      const bad = 'shop/bad';
      const texts = { 'lacks a field': '{}', 'has a field of another kind': '{"text":7}', 'is not JSON': 'text: 7' };
      for (const [kind, text] of Object.entries(texts)) {
        it(`${kind}: is gone past, named, and can be replaced and removed`, async () => {
          await records.create('shop/a', { text: 'one' });
          await records.create(bad, { text: 'once readable' });
          const view = new Map<string, string | undefined>();
          const relayed: string[] = [];
          const watching = await world.settled(records.watch(({ key, value }) => void view.set(key, value?.text)));
          await records.relay('outbox', async ({ key, value }) => {
            relayed.push(`${key} ${value?.text ?? 'gone'}`);
          });
          await world.injectRecord('notes', bad, text);
          await records.create('shop/b', { text: 'two' });
          await eventually(world, 'what was written after it', () => view.has('shop/b') && relayed.length === 3);
          expect([...view]).to.deep.equal([
            ['shop/a', 'one'],
            [bad, undefined],
            ['shop/b', 'two'],
          ]);
          expect(relayed).to.deep.equal(['shop/a one', `${bad} once readable`, 'shop/b two']);

          const listed = await world.settled(records.list());
          expect(listed.map(({ key }) => key).sort()).to.deep.equal(['shop/a', 'shop/b']);
          expect(await codeOf(records.get(bad))).to.equal('unreadable_record');
          const { ready, checks } = context.health.report();
          expect(ready).to.equal(true);
          expect(checks['records of notes']?.detail).to.include(bad);
          expect(await context.metrics.text()).to.include('unreadable_records_total{bucket="notes"} 1');

          const found = await records.find(bad);
          expect(found?.value).to.equal(undefined);
          expect(await codeOf(records.create(bad, { text: 'new' }))).to.equal('conflict');
          const revision = await records.update(bad, { text: 'new' }, found?.revision ?? 0);
          expect(await records.get(bad)).to.deep.equal({ key: bad, value: { text: 'new' }, revision });
          await eventually(world, 'the readable one', () => view.get(bad) === 'new');
          expect(context.health.report().checks['records of notes']?.detail).to.equal('all readable');

          await world.injectRecord('notes', bad, text);
          const again = await records.find(bad);
          await records.remove(bad, again?.revision ?? 0);
          expect(await records.find(bad)).to.equal(undefined);
          await watching.stop();
        });
      }

      it('leaves no reader behind', async () => {
        await records.create('shop/a', { text: 'one' });
        await world.injectRecord('notes', bad, '{}');
        for (let i = 0; i < 5; i++) await world.settled(records.list());
        const watching = await world.settled(records.watch(() => {}));
        expect(await world.followers('notes')).to.equal(1);
        await watching.stop();
        expect(await world.followers('notes')).to.equal(0);
      });
    });

    it('goes on after a watcher that throws, at once or later', async () => {
      const seen: string[] = [];
      const watching = await world.settled(
        records.watch(async ({ value }) => {
          const text = value?.text ?? 'gone';
          seen.push(text);
          if (text === 'one') throw new Error('not this one');
          await Promise.resolve();
          throw new Error('nor any other');
        }),
      );
      for (const text of ['one', 'two', 'three']) await records.create(`shop/${text}`, { text });
      await eventually(world, 'all three', () => seen.length >= 3);
      expect(seen).to.deep.equal(['one', 'two', 'three']);
      await watching.stop();
      expect(await world.followers('notes')).to.equal(0);
    });

    it('keeps the newest revisions of a record only, once every relay is past the others', async () => {
      const seen: string[] = [];
      let isSlowDone = false;
      await records.relay('quick', async ({ value }) => {
        seen.push(value?.text ?? 'gone');
      });
      await records.relay('slow', async () => {
        if (!isSlowDone) throw new Error('not yet');
      });
      let revision = await records.create('shop/a', { text: '1' });
      for (let i = 2; i <= 30; i++) revision = await records.update('shop/a', { text: `${i}` }, revision);
      await eventually(world, 'the quick relay', () => seen.length === 30);
      await world.pass(300);
      expect(await world.keptRevisions('notes', 'shop/a')).to.equal(30);
      isSlowDone = true;
      let kept = 30;
      for (let tries = 0; kept > 3 && tries < 30; tries++) {
        await world.pass(1_000);
        revision = await records.update('shop/a', { text: `again ${tries}` }, revision);
        await world.pass(100);
        kept = await world.keptRevisions('notes', 'shop/a');
      }
      expect(kept).to.be.at.most(3);
      expect((await records.get('shop/a'))?.revision).to.equal(revision);
    }).timeout(45_000);

    it('shows a watcher of an empty bucket that there is nothing', async () => {
      const empty = await context.records<Note>('empty', Note);
      const subscription = await world.settled(empty.watch(() => {}));
      await subscription.stop();
      expect(await empty.list()).to.deep.equal([]);
    });
  });
}
