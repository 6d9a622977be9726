import type { Pool } from '@capplan/contracts';
import { expect } from 'chai';
import type { Actuator } from '../ports.ts';

/** What every actuator that really changes something does. `open` gives one with no workers. */
export function describeActuatorConformance(
  name: string,
  open: () => Promise<{
    actuator: Actuator;
    pool: Pool;
    pass: (ms: number) => Promise<void>;
    /** The workers that are meant to stay, oldest first. */
    names: () => Promise<string[]>;
  }>,
): void {
  describe(`${name} as an actuator`, () => {
    it('has no workers at first', async () => {
      const { actuator, pool } = await open();
      expect(await actuator.current(pool)).to.deep.equal({ workers: 0, ready: 0 });
    });

    it('brings workers up and down to the number that was named', async () => {
      const { actuator, pool, pass } = await open();
      for (const workers of [2, 3, 1, 0]) {
        expect(await actuator.setWorkers({ pool, workers, fencingToken: 1 })).to.deep.equal({ ok: true, workers });
        for (let i = 0; i < 200 && (await actuator.current(pool)).ready !== workers; i++) await pass(1000);
        expect(await actuator.current(pool)).to.deep.equal({ workers, ready: workers });
      }
    });

    it('takes an order as the number to have, not as a change to make', async () => {
      const { actuator, pool, pass } = await open();
      const order = { pool, workers: 2, fencingToken: 1 };
      await Promise.all([actuator.setWorkers(order), actuator.setWorkers(order), actuator.setWorkers(order)]);
      for (let i = 0; i < 200 && (await actuator.current(pool)).ready !== 2; i++) await pass(1000);
      expect(await actuator.current(pool)).to.deep.equal({ workers: 2, ready: 2 });
    });

    it('lets the idle leave first, whoever is the newest', async () => {
      const { actuator, pool, pass, names } = await open();
      await actuator.setWorkers({ pool, workers: 4, fencingToken: 1 });
      for (let i = 0; i < 200 && (await actuator.current(pool)).ready !== 4; i++) await pass(1000);
      const [a, b, c, d] = (await names()) as [string, string, string, string];
      const busySlots = new Map([
        [a, 0],
        [b, 0],
        [c, 2],
        [d, 1],
      ]);
      await actuator.setWorkers({ pool, workers: 2, fencingToken: 1, busySlots });
      expect(await names()).to.deep.equal([c, d]);
      await actuator.setWorkers({ pool, workers: 1, fencingToken: 1, busySlots });
      expect(await names()).to.deep.equal([c]);
    });

    it('lets a retired pool drain, keeps its token, and begins anew when the pool is named again', async () => {
      const { actuator, pool, pass } = await open();
      await actuator.setWorkers({ pool, workers: 2, fencingToken: 5 });
      expect(await actuator.retire({ pool: pool.id, fencingToken: 4 })).to.include({ ok: false, newestToken: 5 });
      expect(await actuator.retire({ pool: pool.id, fencingToken: 6 })).to.include({ ok: true });
      expect(await actuator.current(pool)).to.deep.equal({ workers: 0, ready: 0 });
      const running = async () => (await actuator.kept()).find((kept) => kept.pool === pool.id);
      for (let i = 0; i < 200 && (await running())?.running !== 0; i++) await pass(1000);
      expect(await running()).to.deep.equal({ pool: pool.id, running: 0, isRetired: true });
      expect(await actuator.setWorkers({ pool, workers: 1, fencingToken: 5 })).to.include({ ok: false });
      expect(await actuator.setWorkers({ pool, workers: 1, fencingToken: 7 })).to.include({ ok: true });
      expect((await running())?.isRetired).to.equal(false);
    });

    it('refuses whoever comes with an older token', async () => {
      const { actuator, pool } = await open();
      await actuator.setWorkers({ pool, workers: 1, fencingToken: 7 });
      expect(await actuator.setWorkers({ pool, workers: 3, fencingToken: 6 })).to.include({
        ok: false,
        reason: 'stale_token',
        newestToken: 7,
      });
      expect((await actuator.current(pool)).workers).to.equal(1);
      expect(await actuator.setWorkers({ pool, workers: 2, fencingToken: 7 })).to.include({ ok: true });
      expect(await actuator.setWorkers({ pool, workers: 3, fencingToken: 9 })).to.include({ ok: true });
    });
  });
}
