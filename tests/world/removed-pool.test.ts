import { expect } from 'chai';
import { openWorld } from './world.ts';

/*
 * All services, two replicas of some, live with a pool until its figures are there; then it is deleted, and its workers
 * drain.
 */

describe('a pool that is deleted', function () {
  this.timeout(120_000);

  it('is named by no figure of any service any more', async () => {
    const world = await openWorld(8);
    const { pool } = world.settings;
    const textOf = async () =>
      (await Promise.all(world.contexts().map(async ({ name, metrics }) => `# ${name}\n${await metrics.text()}`))).join(
        '\n',
      );
    for (let i = 0; i < 90; i++) await world.step(2);
    const before = await textOf();
    expect(before).to.include(`capacity_planner_slo_achievement_rate{pool="${pool.id}"}`);
    await world.must('pool.remove', { id: pool.id, drain: true });
    for (let i = 0; i < 90; i++) await world.step(2);
    const left = (await textOf()).split('\n').filter((line) => line.includes(pool.id));
    expect(left).to.deep.equal([]);
  });
});
