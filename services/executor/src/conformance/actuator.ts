import type { Pool } from '@capplan/contracts';
import { expect } from 'chai';
import type { Actuator } from '../ports.ts';

/** What every actuator that really changes something does. `open` gives one with no workers. */
export function describeActuatorConformance(
  name: string,
  open: () => Promise<{ actuator: Actuator; pool: Pool; pass: (ms: number) => Promise<void> }>,
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

    it('refuses whoever comes with an older token', async () => {
      const { actuator, pool } = await open();
      await actuator.setWorkers({ pool, workers: 1, fencingToken: 7 });
      expect(await actuator.setWorkers({ pool, workers: 3, fencingToken: 6 })).to.include({
        ok: false,
        reason: 'stale_token',
      });
      expect((await actuator.current(pool)).workers).to.equal(1);
      expect(await actuator.setWorkers({ pool, workers: 2, fencingToken: 7 })).to.include({ ok: true });
      expect(await actuator.setWorkers({ pool, workers: 3, fencingToken: 9 })).to.include({ ok: true });
    });
  });
}
