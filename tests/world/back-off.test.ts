import { expect } from 'chai';
import { openSmallWorld } from './small-world.ts';

/** A pool that wants seven workers, where somebody else has taken hold of the count: every plan fails. */
async function open() {
  const w = await openSmallWorld(() => 7);
  w.actuator.setOwner(w.pool.id, 'another controller');
  const audited = async () => (await w.ask('audit.list', { limit: 1 })).total;
  return { ...w, audited };
}

describe('a plan that fails for a lasting reason', function () {
  this.timeout(60_000);

  it('is tried six times in an hour instead of 240 times, with one notice when it begins and one when it is over', async () => {
    const w = await open();
    const before = await w.audited();
    await w.pass(60);
    const failed = w.published('plan.failed');
    expect(failed.map(({ failures_before: before_ }) => before_ ?? 0)).to.deep.equal([0, 1, 2, 3, 4, 5]);
    const gaps = failed.slice(1).map(({ created_at }, i) => {
      return (Date.parse(created_at) - Date.parse(failed[i]?.updated_at ?? '')) / 60_000;
    });
    for (const [i, minutes] of gaps.entries()) expect(minutes).to.be.within(2 ** i, 2 ** i + 0.5);
    expect(w.published('plan.proposed')).to.have.length(6);
    expect((await w.audited()) - before, 'audit records of an hour').to.be.at.most(6 * 7);
    expect(w.notices().map(({ type }) => type)).to.have.length(1);
    const shown = await w.ask('plan.preview', { pool: w.pool.id });
    expect(shown.status_reason).to.equal('backing_off');
    expect(shown.rationale).to.contain('6 automatic plans up in a row failed (pool_owned_elsewhere)');
    expect(w.changes()).to.deep.equal([]);

    w.actuator.setOwner(w.pool.id, undefined);
    await w.pass(10);
    expect(w.changes()).to.deep.equal(['4→7']);
    expect(w.notices()).to.have.length(2);
    expect(w.notices()[1]?.summary).to.match(/completed: 4 → 7 workers, after 6 that failed/);
    expect(w.backend.deadLetters()).to.deep.equal([]);
  });

  it('is tried at once when somebody has changed the policy, and is news when it fails still', async () => {
    const w = await open();
    await w.pass(12);
    expect(w.published('plan.failed')).to.have.length(4);
    await w.ask('policy.put', { policy: { ...w.policy, name: 'Changed' }, must: 'update' });
    await w.pass(1);
    expect(w.published('plan.failed')).to.have.length(5);
    expect(w.published('plan.failed')[4]).to.not.have.property('failures_before');
    expect(w.notices()).to.have.length(2);
  });
});
