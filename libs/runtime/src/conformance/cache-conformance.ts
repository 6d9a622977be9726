import { expect } from 'chai';
import type { Lease } from '../ports/cache.ts';
import type { ServiceContext } from '../ports/service.ts';
import type { Harness } from './harness.ts';

/** What every cache must do. */
export function describeCacheConformance(name: string, open: () => Promise<Harness>): void {
  describe(`the cache: ${name}`, () => {
    let world: Harness;
    let context: ServiceContext;
    beforeEach(async () => {
      world = await open();
      context = await world.context('service');
    });
    afterEach(() => world.close());

    it('keeps any bytes, for every replica', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await context.cache.set('a', bytes);
      const other = await world.context('service');
      expect([...((await other.cache.get('a')) ?? [])]).to.deep.equal([...bytes]);
      await context.cache.set('empty', new Uint8Array());
      expect((await other.cache.get('empty'))?.length).to.equal(0);
    });

    it('knows nothing of what was never set or has been removed', async () => {
      expect(await context.cache.get('never')).to.equal(undefined);
      await context.cache.set('a', Uint8Array.of(1));
      await context.cache.remove('a');
      await context.cache.remove('a');
      expect(await context.cache.get('a')).to.equal(undefined);
    });

    it('forgets after the time to live, which a new value starts anew', async () => {
      await context.cache.set('a', Uint8Array.of(1), { ttlSec: 0.3 });
      await context.cache.set('b', Uint8Array.of(1), { ttlSec: 0.3 });
      await context.cache.set('b', Uint8Array.of(2));
      expect(await context.cache.get('a')).not.to.equal(undefined);
      await world.pass(500);
      expect(await context.cache.get('a')).to.equal(undefined);
      expect([...((await context.cache.get('b')) ?? [])]).to.deep.equal([2]);
    });

    it('lets one of several swap, for what it thinks is there', async () => {
      const other = await world.context('service');
      const one = Uint8Array.of(1);
      const two = Uint8Array.of(0, 255);
      const took = await Promise.all([
        context.cache.swap('a', { from: undefined, to: one }),
        other.cache.swap('a', { from: undefined, to: two }),
      ]);
      expect(took.filter(Boolean)).to.have.length(1);
      const [winner, loser] = took[0] ? [one, two] : [two, one];
      expect([...((await context.cache.get('a')) ?? [])]).to.deep.equal([...winner]);
      expect(await context.cache.swap('a', { from: loser, to: undefined })).to.equal(false);
      expect(await context.cache.swap('a', { from: winner, to: loser })).to.equal(true);
      expect(await context.cache.swap('a', { from: winner, to: loser }), 'once more').to.equal(true);
      expect([...((await other.cache.get('a')) ?? [])]).to.deep.equal([...loser]);
      expect(await context.cache.swap('a', { from: loser, to: undefined })).to.equal(true);
      expect(await context.cache.swap('a', { from: loser, to: undefined }), 'once more').to.equal(true);
      expect(await context.cache.get('a')).to.equal(undefined);
    });

    it('tells an empty value from none when it swaps', async () => {
      const empty = new Uint8Array();
      expect(await context.cache.swap('a', { from: undefined, to: empty })).to.equal(true);
      expect(await context.cache.swap('a', { from: undefined, to: Uint8Array.of(1) })).to.equal(false);
      expect(await context.cache.swap('a', { from: empty, to: Uint8Array.of(1) })).to.equal(true);
    });

    it('forgets what was swapped in after its time to live, which swapping it for itself starts anew', async () => {
      const mine = Uint8Array.of(1);
      await context.cache.swap('a', { from: undefined, to: mine }, { ttlSec: 0.4 });
      await context.cache.swap('b', { from: undefined, to: mine }, { ttlSec: 0.4 });
      await world.pass(250);
      expect(await context.cache.swap('b', { from: mine, to: mine }, { ttlSec: 0.6 })).to.equal(true);
      await world.pass(250);
      expect(await context.cache.get('a')).to.equal(undefined);
      expect(await context.cache.get('b')).not.to.equal(undefined);
    });

    it('is not changed by what happens to the bytes afterwards', async () => {
      const bytes = Uint8Array.of(1, 2, 3);
      await context.cache.set('a', bytes);
      bytes[0] = 9;
      const got = (await context.cache.get('a')) as Uint8Array;
      expect(got[0]).to.equal(1);
      got[1] = 9;
      expect((await context.cache.get('a'))?.[1]).to.equal(2);
    });
  });
}

/** What every giver of leases must do. */
export function describeLeasesConformance(name: string, open: () => Promise<Harness>): void {
  describe(`leases: ${name}`, () => {
    let world: Harness;
    let a: ServiceContext;
    let b: ServiceContext;
    beforeEach(async () => {
      world = await open();
      a = await world.context('executor');
      b = await world.context('executor');
    });
    afterEach(() => world.close());

    it('lets one holder in at a time, and the next one after the release with a larger token', async () => {
      const first = (await a.leases.acquire('shop/checkout', { holder: 'a', ttlMs: 5_000 })) as Lease;
      expect(first).to.deep.include({ name: 'shop/checkout', holder: 'a' });
      expect(await b.leases.acquire('shop/checkout', { holder: 'b', ttlMs: 5_000 })).to.equal(undefined);
      await a.leases.release(first);
      const second = (await b.leases.acquire('shop/checkout', { holder: 'b', ttlMs: 5_000 })) as Lease;
      expect(second.fencingToken).to.be.greaterThan(first.fencingToken);
      expect(await a.leases.isCurrent(first)).to.equal(false);
      expect(await a.leases.isCurrent(second)).to.equal(true);
    });

    it('gives the holder its own lease again with the same token', async () => {
      const first = await a.leases.acquire('shop/checkout', { holder: 'a', ttlMs: 5_000 });
      expect(await a.leases.acquire('shop/checkout', { holder: 'a', ttlMs: 5_000 })).to.deep.equal(first);
    });

    it('ends a lease that is not renewed, and keeps one that is', async () => {
      const kept = (await a.leases.acquire('kept', { holder: 'a', ttlMs: 400 })) as Lease;
      const lost = (await a.leases.acquire('lost', { holder: 'a', ttlMs: 400 })) as Lease;
      await world.pass(250);
      expect(await a.leases.renew(kept, 400)).to.equal(true);
      await world.pass(250);
      expect(await b.leases.acquire('kept', { holder: 'b', ttlMs: 400 })).to.equal(undefined);
      const taken = (await b.leases.acquire('lost', { holder: 'b', ttlMs: 400 })) as Lease;
      expect(taken.fencingToken).to.be.greaterThan(lost.fencingToken);
      expect(await a.leases.renew(lost, 400)).to.equal(false);
    });

    it('does not let a late holder release what another one holds', async () => {
      const late = (await a.leases.acquire('x', { holder: 'a', ttlMs: 100 })) as Lease;
      await world.pass(200);
      const present = (await b.leases.acquire('x', { holder: 'b', ttlMs: 5_000 })) as Lease;
      await a.leases.release(late);
      expect(await b.leases.renew(present, 5_000)).to.equal(true);
    });

    it('gives a new token to a holder that comes back after its lease ended', async () => {
      const first = (await a.leases.acquire('x', { holder: 'a', ttlMs: 100 })) as Lease;
      await world.pass(200);
      expect(await a.leases.isCurrent(first)).to.equal(true);
      const second = (await a.leases.acquire('x', { holder: 'a', ttlMs: 5_000 })) as Lease;
      expect(second.fencingToken).to.be.greaterThan(first.fencingToken);
      expect(await a.leases.isCurrent(first)).to.equal(false);
    });

    it('hands out a token above one that was seen elsewhere, to a new holder and to the one that has a smaller', async () => {
      const own = (await a.leases.acquire('x', { holder: 'a', ttlMs: 5_000 })) as Lease;
      const seen = own.fencingToken + 1_000_000_000_000;
      const above = (await a.leases.acquire('x', { holder: 'a', ttlMs: 5_000, above: seen })) as Lease;
      expect(above.fencingToken).to.be.greaterThan(seen);
      expect(await a.leases.renew(own, 5_000)).to.equal(false);
      expect(await a.leases.acquire('x', { holder: 'a', ttlMs: 5_000, above: seen })).to.deep.equal(above);
      expect(await b.leases.acquire('x', { holder: 'b', ttlMs: 5_000, above: 2 * seen })).to.equal(undefined);
      await a.leases.release(above);
      const next = (await b.leases.acquire('x', { holder: 'b', ttlMs: 5_000 })) as Lease;
      expect(next.fencingToken).to.be.greaterThan(above.fencingToken);
    });

    it('tells leases of different names apart', async () => {
      expect(await a.leases.acquire('x', { holder: 'a', ttlMs: 5_000 })).not.to.equal(undefined);
      expect(await b.leases.acquire('y', { holder: 'b', ttlMs: 5_000 })).not.to.equal(undefined);
    });
  });
}
