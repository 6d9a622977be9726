import { timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import type { Faults, MemoryContext } from '@capplan/runtime';
import { expect } from 'chai';
import { changes, openExecutorWorld as open } from './conformance/executor-world.ts';
import { samplePlan, samplePool } from './conformance/samples.ts';

describe('the executor service when things go wrong', () => {
  it('hands over when it loses its lease, and its late orders are refused', async () => {
    const w = await open();
    const first = await w.launch('a');
    w.actuator.setReachable(false);
    await w.approve(samplePlan([4, 6]));
    await w.pass(15);
    first.cutOff();
    await w.launch('b');
    w.actuator.setReachable(true);
    await w.pass(60);
    expect(changes(w)).to.deep.equal(['4→6']);
    const stale = await w.actuator.setWorkers({ pool: samplePool(), workers: 30, fencingToken: 0 });
    expect(stale).to.include({ ok: false, reason: 'stale_token' });
    first.heal();
    await w.pass(60);
    expect(changes(w)).to.deep.equal(['4→6']);
    expect(w.told().filter(({ type }) => type === 'rollout.finished')).to.have.length(1);
  });

  it('keeps rollouts that it cannot read until their pool is removed, and drives the others', async () => {
    const w = await open();
    const context = await w.launch('a');
    w.backend.bucket('rollouts').inject('shop/other', '{"pool":"shop/other"}');
    w.backend.bucket('rollouts').inject('shop/third', 'not JSON');
    await w.approve(samplePlan([4, 6]));
    await w.pass(60);
    expect(changes(w)).to.deep.equal(['4→6']);
    const detail = () => context.health.report().checks['records of rollouts']?.detail;
    expect(detail()).to.include('2 cannot be read').and.include('shop/other').and.include('shop/third');
    const removed = { id: 'shop/other', revision: 2, pool: null };
    const gone = { type: 'pool.changed', key: 'shop/other', data: removed, cause: 'removed' } as const;
    await w.clock.waitFor(w.helper.bus.publish(gone));
    await w.pass(15);
    expect(detail()).to.include('1 cannot be read').and.include('shop/third').and.not.include('shop/other');
    const shown = { key: 'shop/checkout', actor: { id: 'ada', kind: 'user' } } as const;
    const { rollouts } = await w.clock.waitFor(w.helper.bus.request('rollout.list', {}, shown));
    expect(rollouts.map(({ pool }) => pool)).to.deep.equal(['shop/checkout']);
  });

  it('resumes after a crash at any operation without doing a step twice', async function () {
    this.timeout(60_000);
    let crashes = 0;
    for (let n = 1; n <= 70; n++) {
      for (const when of ['before', 'after'] as const) {
        const w = await open();
        const first = await w.launch('a');
        first.crashAtOperation(n, when);
        await w.approve(samplePlan([4, 6, 3]));
        await w.pass(30);
        if (!first.isUp()) crashes += 1;
        await w.launch('b');
        await w.pass(120);
        const place = `operation ${n}, ${when}`;
        expect(changes(w), place).to.deep.equal(['4→6', '6→3']);
        expect(w.world.ordersWithoutReceipt, place).to.equal(0);
        expect(w.world.receipts, place).to.have.length(2);
        const last = w.told().filter(({ type }) => type === 'rollout.finished');
        expect(last, place).to.have.length(1);
      }
    }
    expect(crashes).to.be.greaterThan(80);
  });

  it('keeps its rules with three replicas, faults everywhere and plans one after another', async function () {
    this.timeout(60_000);
    const faults: Faults = {
      dropDelivery: 0.05,
      duplicateDelivery: 0.1,
      reorderDelivery: 0.1,
      loseRequest: 0.05,
      loseReply: 0.05,
      failPublish: 0.03,
      failPublishAfterStoring: 0.03,
      failRecordWrite: 0.05,
      failRecordWriteAfterStoring: 0.05,
      failRecordRead: 0.03,
      failCache: 0.05,
      delayMsMax: 3000,
    };
    let finished = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const w = await open({ seed });
      const random = createRandomStream(seed);
      for (const instance of ['a', 'b', 'c']) await w.launch(instance);
      w.backend.setFaults(faults);
      let workers = 4;
      for (let round = 0; round < 6; round++) {
        const target = 1 + random.integer(9);
        if (target === workers) continue;
        const plan = samplePlan([workers, target], { id: `plan-${seed}-${round}` });
        const now = w.clock.nowMs();
        const steps = plan.steps.map((step) => ({ ...step, timestamp: timestamp(now) }));
        await w.approve({ ...plan, steps }).catch(() => undefined);
        const victim = w.contexts[random.integer(w.contexts.length)] as MemoryContext;
        if (victim.isUp())
          victim.crashAtOperation(1 + random.integer(30), random.integer(2) === 0 ? 'before' : 'after');
        for (let i = 0; i < 12; i++) {
          await w.measure().catch(() => undefined);
          await w.clock.advance(15_000);
        }
        if (!victim.isUp()) await w.launch(`r${round}`).catch(() => undefined);
        workers = (await w.actuator.current(samplePool())).workers;
      }
      w.backend.setFaults({});
      await w.pass(240);
      const told = w.told();
      expect(w.world.ordersWithoutReceipt, `seed ${seed}`).to.equal(0);
      for (const { from, to } of w.actuator.changes) expect(Math.max(from, to), `seed ${seed}`).to.be.at.most(40);
      // Each step changed the pool once at most: no two changes carry the same order.
      const ordered = new Set(w.actuator.changes.map(({ timeMs, from, to }) => `${timeMs}:${from}:${to}`));
      expect(ordered.size).to.equal(w.actuator.changes.length);
      const begun = new Set(told.map(({ rollout }) => rollout.id));
      for (const id of begun) {
        const ends = told.filter(
          ({ type, rollout }) =>
            rollout.id === id && ['rollout.finished', 'rollout.failed', 'rollout.reverted'].includes(type),
        );
        expect(ends.length, `seed ${seed}: ends of ${id}`).to.equal(1);
        if (ends[0]?.type === 'rollout.finished') finished += 1;
      }
    }
    expect(finished).to.be.greaterThan(30);
  });
});
