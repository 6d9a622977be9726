import type { Plan } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { Faults } from '@capplan/runtime';
import { expect } from 'chai';
import { openPlannerWorld as open, pool } from './conformance/planner-world.ts';
import { sampleRollout } from './conformance/samples.ts';

describe('the planner service when things go wrong', () => {
  it('ends in the same place with two replicas, lost and doubled messages, ambiguous writes and a crash at any operation', async function () {
    this.timeout(60_000);
    const faults: Faults = {
      dropDelivery: 0.05,
      duplicateDelivery: 0.1,
      reorderDelivery: 0.1,
      failPublish: 0.03,
      failPublishAfterStoring: 0.03,
      failRecordWrite: 0.05,
      failRecordWriteAfterStoring: 0.05,
      failRecordRead: 0.03,
      delayMsMax: 3000,
    };
    for (let seed = 1; seed <= 30; seed++) {
      const w = await open({ seed, faults });
      await w.launch('b');
      const random = createRandomStream(seed);
      w.world.wish = ({ snapshot }) => 3 + (Date.parse(snapshot?.timestamp ?? '') % 5);
      const carried = new Set<string>();
      let workers = 4;
      for (let i = 0; i < 25; i++) {
        const victim = w.replicas.at(-1) as (typeof w.replicas)[number];
        if (i % 5 === 2)
          victim.context.crashAtOperation(1 + random.integer(6), random.integer(2) === 0 ? 'before' : 'after');
        await w.observe(workers).catch(() => undefined);
        await w.clock.advance(7000 + random.integer(3000));
        if (!victim.context.isUp()) await w.launch(`c${i}`).catch(() => undefined);
        const approved = w.told('plan.approved').filter(({ id }) => !carried.has(id));
        for (const plan of approved) {
          carried.add(plan.id);
          const current = await w.ask('plan.get', { plan_id: plan.id }).catch(() => undefined);
          if (current?.status !== 'approved') continue;
          workers = plan.target_workers;
          await w.tell(sampleRollout(plan, 'running', w.clock.nowMs())).catch(() => undefined);
          await w.tell(sampleRollout(plan, 'finished', w.clock.nowMs())).catch(() => undefined);
        }
        await w.clock.advance(5000);
      }
      w.backend.setFaults({});
      await w.clock.advance(120_000);
      const plans = await w.plans();
      const open_ = plans.filter(({ status }) =>
        ['proposed', 'awaiting_approval', 'approved', 'executing'].includes(status),
      );
      expect(open_.length, `seed ${seed}: plans that are not over`).to.be.at.most(1);
      // Every plan was told of, in each of its states once, and nothing was told that is not so.
      const ids = w.backend.messages('events').map(({ envelope }) => (envelope as { id: string }).id);
      expect(new Set(ids).size, `seed ${seed}: repeated ids`).to.equal(ids.length);
      const lastTold = new Map<string, Plan>();
      for (const { type, envelope } of w.backend.messages('events')) {
        if (type.startsWith('plan.'))
          lastTold.set((envelope as { data: Plan }).data.id, (envelope as { data: Plan }).data);
      }
      for (const plan of plans) expect(lastTold.get(plan.id)?.status, `seed ${seed}: ${plan.id}`).to.equal(plan.status);
      const approvals = w.told('plan.approved').map(({ id }) => id);
      expect(new Set(approvals).size, `seed ${seed}: approved twice`).to.equal(approvals.length);
      for (const id of approvals) expect(w.world.audited, `seed ${seed}`).to.include(`approve:${id}`);
    }
  });

  it('goes on after a crash at any operation: one plan for one need, told once', async function () {
    this.timeout(60_000);
    let crashes = 0;
    for (let n = 1; n <= 30; n++) {
      for (const when of ['before', 'after'] as const) {
        const w = await open();
        w.world.wish = ({ snapshot }) => Math.max(7, snapshot?.current_workers ?? 0);
        const [first] = w.replicas;
        first?.context.crashAtOperation(n, when);
        await w.observe(4);
        await w.clock.advance(5000);
        if (first?.context.isUp() === false) crashes += 1;
        await w.launch('b');
        await w.clock.advance(60_000);
        await w.observe(4);
        await w.clock.advance(60_000);
        const place = `operation ${n}, ${when}`;
        expect(
          (await w.ask('plan.list', { pool })).plans.map(({ status }) => status),
          place,
        ).to.deep.equal(['approved']);
        expect(w.told('plan.approved'), place).to.have.length(1);
        expect(
          w.world.audited.filter((id) => id.startsWith('approve:')),
          place,
        ).to.have.length(1);
      }
    }
    expect(crashes).to.be.greaterThan(5);
  });
});
