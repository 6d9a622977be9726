import { isCapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import { openSmallWorld } from './small-world.ts';

describe('a pool whose workers run', () => {
  const refusal = async (command: Promise<unknown>) => {
    try {
      await command;
    } catch (error) {
      if (isCapacityError(error)) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'allowed';
  };

  it('is neither removed nor moved, but drained when that is asked for', async () => {
    const w = await openSmallWorld(() => 7);
    await w.pass(2);
    expect(w.changes()).to.deep.equal(['4→7']);
    const { id } = w.pool;
    const moved = { ...w.pool, actuator: { kind: 'kubernetes' as const, target: 'checkout' } };
    expect(await refusal(w.ask('pool.remove', { id }))).to.match(/^pool_in_use: 7 workers of shop.checkout run: /);
    expect(await refusal(w.ask('pool.put', { pool: moved }))).to.match(/^pool_in_use: 7 workers .* under process: /);
    await w.pass(1);
    expect(w.actuator.workersOf(id)).to.have.length(7);

    expect(await refusal(w.ask('pool.remove', { id, drain: true }))).to.equal('allowed');
    await w.pass(1);
    expect(w.actuator.workersOf(id)).to.deep.equal([]);
    await w.ask('pool.put', { pool: moved });
  });

  it('stays while the executor is away: nobody knows then what runs', async () => {
    const w = await openSmallWorld(() => 7);
    await w.pass(2);
    w.executor.crash();
    for (const data of [{ id: w.pool.id }, { id: w.pool.id, drain: true }]) {
      expect(await refusal(w.ask('pool.remove', data))).to.match(/^unavailable: whether workers of shop.checkout run/);
    }
    expect((await w.ask('pool.get', { id: w.pool.id })).id).to.equal(w.pool.id);
  });

  it('goes when its workers were never ordered by us, whoever answers', async () => {
    const w = await openSmallWorld(() => 4);
    await w.pass(1);
    w.executor.crash();
    expect(await refusal(w.ask('pool.remove', { id: w.pool.id }))).to.equal('allowed');
  });
});
