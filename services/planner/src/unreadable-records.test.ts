import { expect } from 'chai';
import { openPlannerWorld as open, pool } from './conformance/planner-world.ts';
import { samplePolicy, samplePool } from './conformance/samples.ts';

/** Records as an older version, or nobody who knows our schemas, would leave them. */
const broken = ['{"policy":{"id":"bad"},"pool":{"id":"shop/bad"},"active":null}', 'not JSON'];

describe('the planner service with records that cannot be read', () => {
  for (const text of broken) {
    it(`puts and removes the others, and the bad ones themselves: ${text.slice(0, 8)}`, async () => {
      const w = await open();
      w.world.wish = () => 7;
      w.backend.bucket('policies').inject('_/bad', text);
      w.backend.bucket('pools').inject('shop/bad', text);
      w.backend.bucket('plans').inject('shop/bad', text);
      await w.clock.advance(1000);

      await w.ask('policy.put', { policy: samplePolicy({ id: 'good' }), must: 'create' });
      await w.ask('pool.put', { pool: samplePool({ id: 'shop/good', policy_id: 'good' }) });
      expect(await w.refusal(w.ask('pool.put', { pool: samplePool({ id: 'shop/other', policy_id: 'bad' }) }))).to.equal(
        'unreadable_record',
      );
      await w.ask('pool.remove', { id: 'shop/good' });
      await w.ask('policy.remove', { id: 'good' });
      expect(await w.refusal(w.ask('policy.get', { id: 'bad' }))).to.equal('unreadable_record');
      expect(await w.refusal(w.ask('pool.get', { id: 'shop/bad' }))).to.equal('unreadable_record');
      const listed = [...(await w.ask('policy.list', {})).policies, ...(await w.ask('pool.list', {})).pools];
      expect(listed.map(({ id }) => id))
        .to.not.include('bad')
        .and.not.include('shop/bad');
      const { ready, checks } = w.replicas[0]?.context.health.report() ?? {};
      expect(ready).to.equal(true);
      expect(checks?.['records of policies']?.detail).to.include('1 cannot be read: _/bad');
      expect(checks?.['records of pools']?.detail).to.include('shop/bad');
      expect(checks?.['records of plans']?.detail).to.include('shop/bad');

      await w.ask('policy.put', { policy: samplePolicy({ id: 'bad' }), must: 'update' });
      await w.ask('pool.put', { pool: samplePool({ id: 'shop/bad', policy_id: 'bad' }) });
      await w.clock.advance(1000);
      await w.observe(4, { pool: 'shop/bad' });
      await w.observe(4);
      await w.clock.advance(2000);
      for (const id of ['shop/bad', pool]) {
        const { plans } = await w.ask('plan.list', { pool: id });
        expect(
          plans.map(({ status }) => status),
          id,
        ).to.deep.equal(['approved']);
      }

      w.backend.bucket('policies').inject('_/bad', text);
      w.backend.bucket('pools').inject('shop/bad', text);
      w.backend.bucket('plans').inject('shop/bad', text);
      await w.ask('pool.remove', { id: 'shop/bad' });
      await w.ask('policy.remove', { id: 'bad' });
      expect(await w.refusal(w.ask('pool.get', { id: 'shop/bad' }))).to.equal('not_found');
      expect(await w.refusal(w.ask('policy.get', { id: 'bad' }))).to.equal('not_found');
      const after = w.replicas[0]?.context.health.report().checks;
      for (const bucket of ['policies', 'pools', 'plans']) {
        expect(after?.[`records of ${bucket}`]?.detail).to.equal('all readable');
      }
    });
  }
});
