import { CapacityError, messageBytesMax } from '@capplan/contracts';
import { expect } from 'chai';
import { failureOf, type Harness } from './harness.ts';
import { asker } from './samples.ts';

/** What every bus must do with questions and answers. */
export function describeRequestsConformance(name: string, open: () => Promise<Harness>): void {
  describe(`questions and answers: ${name}`, () => {
    let world: Harness;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('asks the owner and brings its answer', async () => {
      const owner = await world.context('planner');
      const gateway = await world.context('gateway');
      const asked: unknown[] = [];
      await owner.bus.respond('pool.list', async (request) => {
        asked.push({ name: request.name, key: request.key, actor: request.actor, id: request.id });
        return { pools: [] };
      });
      const reply = await world.settled(
        gateway.bus.request('pool.list', {}, { key: '_/pools', actor: asker, id: 'q1' }),
      );
      expect(reply).to.deep.equal({ pools: [] });
      expect(asked).to.deep.equal([{ name: 'pool.list', key: '_/pools', actor: asker, id: 'q1' }]);
    });

    it('shares requests between replicas, each answered once', async () => {
      const gateway = await world.context('gateway');
      let answered = 0;
      for (const owner of [await world.context('planner'), await world.context('planner')]) {
        await owner.bus.respond('pool.list', async () => {
          answered += 1;
          return { pools: [] };
        });
      }
      for (let i = 0; i < 10; i++) {
        await world.settled(gateway.bus.request('pool.list', {}, { key: '_/pools', actor: asker }));
      }
      expect(answered).to.equal(10);
    });

    it('brings a refusal with its code and detail, and hides what an unexpected error says', async () => {
      const owner = await world.context('planner');
      const gateway = await world.context('gateway');
      await owner.bus.respond('policy.get', async () => {
        throw new CapacityError('not_found', 'there is no policy gold', { detail: { id: 'gold' } });
      });
      await owner.bus.respond('pool.get', async () => {
        throw new TypeError('a secret');
      });
      const options = { key: '_/x', actor: asker };
      const refused = await failureOf(world, gateway.bus.request('policy.get', { id: 'gold' }, options));
      expect(refused.code).to.equal('not_found');
      expect(refused.message).to.equal('there is no policy gold');
      expect(refused.detail).to.deep.equal({ id: 'gold' });
      const broken = await failureOf(world, gateway.bus.request('pool.get', { id: 'shop/x' }, options));
      expect(broken.code).to.equal('internal');
      expect(broken.message).not.to.include('secret');
    });

    it('answers a request that does not fit its schema with invalid_input, and hides a faulty reply', async () => {
      const owner = await world.context('planner');
      const gateway = await world.context('gateway');
      let asked = 0;
      await owner.bus.respond('pool.get', async () => {
        asked += 1;
        return {} as never;
      });
      const options = { key: '_/x', actor: asker };
      const bad = await failureOf(world, gateway.bus.request('pool.get', { id: 'NOT A POOL' }, options));
      expect(bad.code).to.equal('invalid_input');
      expect(asked).to.equal(0);
      const faulty = await failureOf(world, gateway.bus.request('pool.get', { id: 'shop/x' }, options));
      expect(faulty.code).to.equal('internal');
    });

    it('answers too_large in place of an answer that no message can carry, and goes on answering', async () => {
      const owner = await world.context('planner');
      const gateway = await world.context('gateway');
      const simulation = {
        id: 'sim-1',
        status: 'done' as const,
        created_at: '2026-01-01T00:00:00Z',
        request_hash: 'hash',
        request: '',
      };
      await owner.bus.respond('simulation.get', async ({ data: { id } }) => ({
        ...simulation,
        request: 'x'.repeat(id === 'small' ? 900_000 : messageBytesMax),
      }));
      await owner.bus.respond('policy.get', async ({ data: { id } }) => {
        throw new CapacityError('not_found', id === 'wordy' ? 'x'.repeat(messageBytesMax) : 'no', {
          detail: 'x'.repeat(messageBytesMax),
        });
      });
      const options = { key: '_/x', actor: asker };
      for (let i = 0; i < 2; i++) {
        const large = await failureOf(world, gateway.bus.request('simulation.get', { id: 'large' }, options));
        expect(large.code).to.equal('too_large');
        expect(large.message).to.match(
          /^the answer to simulation\.get has \d+ bytes, and a message carries at most \d+$/,
        );
      }
      const small = await world.settled(gateway.bus.request('simulation.get', { id: 'small' }, options));
      expect(small.request).to.have.length(900_000);
      for (const id of ['wordy', 'brief']) {
        const refused = await failureOf(world, gateway.bus.request('policy.get', { id }, options));
        expect(refused.code).to.equal('not_found');
        expect(refused.detail).to.equal(undefined);
      }
    });

    it('refuses to ask what no message can carry', async () => {
      const gateway = await world.context('gateway');
      const entry = { id: 'e1', actor: 'a', action: 'b', target: 'c', outcome: 'd', time: '2026-01-01T00:00:00Z' };
      const asked = gateway.bus.request(
        'audit.append',
        { ...entry, detail: 'x'.repeat(messageBytesMax) },
        { key: '_/x', actor: asker },
      );
      expect((await failureOf(world, asked)).code).to.equal('too_large');
    });

    it('answers when a handler throws what is no error, or an error whose detail is no JSON', async () => {
      const owner = await world.context('planner');
      const gateway = await world.context('gateway');
      await owner.bus.respond('pool.get', async () => {
        throw undefined;
      });
      await owner.bus.respond('policy.get', async () => {
        throw new CapacityError('conflict', 'a number without JSON', { detail: 1n });
      });
      const options = { key: '_/x', actor: asker };
      const broken = await failureOf(world, gateway.bus.request('pool.get', { id: 'shop/x' }, options));
      expect(broken.code).to.equal('internal');
      const refused = await failureOf(world, gateway.bus.request('policy.get', { id: 'gold' }, options));
      expect(refused.message).to.equal('a number without JSON');
    });

    it('says unavailable when nobody listens and deadline_exceeded when nobody answers in time', async () => {
      const owner = await world.context('planner');
      const gateway = await world.context('gateway');
      const options = { key: '_/x', actor: asker, timeoutMs: 300 };
      const nobody = await failureOf(world, gateway.bus.request('pool.list', {}, options));
      expect(nobody.code).to.equal('unavailable');
      const subscription = await owner.bus.respond('pool.list', async () => {
        await owner.clock.sleep(1_000);
        return { pools: [] };
      });
      await world.pass(50);
      const late = await failureOf(world, gateway.bus.request('pool.list', {}, options));
      expect(late.code).to.equal('deadline_exceeded');
      await world.settled(subscription.stop());
      const gone = await failureOf(world, gateway.bus.request('pool.list', {}, options));
      expect(gone.code).to.equal('unavailable');
    });
  });
}
