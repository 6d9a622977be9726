import { type Plan, systemKey } from '@capplan/contracts';
import { expect } from 'chai';
import { changes, openExecutorWorld as open, pool } from './conformance/executor-world.ts';
import { samplePlan, samplePolicy, samplePool, startMs } from './conformance/samples.ts';

describe('the executor service', () => {
  it('carries a plan out at its times, with a receipt for each step, and says what it did', async () => {
    const w = await open();
    await w.launch('a');
    await w.measure();
    await w.approve(samplePlan([4, 6, 9]));
    await w.pass(90);
    expect(changes(w)).to.deep.equal(['4→6', '6→9']);
    expect((w.actuator.changes[1]?.timeMs ?? 0) - startMs).to.be.at.least(30_000);
    expect(w.told().map(({ type }) => type)).to.deep.equal([
      'rollout.started',
      'rollout.stepped',
      'rollout.stepped',
      'rollout.stepped',
      'rollout.stepped',
      'rollout.finished',
    ]);
    expect(w.world.receipts).to.deep.equal(['rollout-4-6-9:step:0', 'rollout-4-6-9:step:1']);
    const { rollouts } = await w.clock.waitFor(
      w.helper.bus.request('rollout.list', { pool }, { key: pool, actor: { id: 'ada', kind: 'user' } }),
    );
    expect(
      rollouts[0]?.steps.map(({ state, workers_before, workers_after }) => [state, workers_before, workers_after]),
    ).to.deep.equal([
      ['settled', 4, 6],
      ['settled', 6, 9],
    ]);
    expect(rollouts[0]?.steps[0]?.audit_receipt).to.equal(`1:${'a'.repeat(64)}`);
  });

  it('keeps the distance between two steps when the first one comes late', async () => {
    const w = await open();
    await w.launch('a');
    w.world.auditIsUp = false;
    await w.approve(samplePlan([4, 6, 9]));
    await w.pass(45);
    w.world.auditIsUp = true;
    await w.pass(120);
    const [first, second] = w.actuator.changes;
    expect(changes(w)).to.deep.equal(['4→6', '6→9']);
    expect((first?.timeMs ?? 0) - startMs).to.be.at.least(45_000);
    expect((second?.timeMs ?? 0) - (first?.timeMs ?? 0)).to.be.at.least(30_000);
  });

  it('does nothing without a receipt, holds, and goes on when the audit log is back', async () => {
    const w = await open();
    await w.launch('a');
    w.world.auditIsUp = false;
    await w.approve(samplePlan([4, 6]));
    await w.pass(60);
    expect(changes(w)).to.deep.equal([]);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.held', reason: 'no_audit_receipt' });
    w.world.auditIsUp = true;
    await w.pass(30);
    expect(changes(w)).to.deep.equal(['4→6']);
    expect(w.outcome().type).to.equal('rollout.finished');
  });

  it('does not add up two short holds far apart', async () => {
    const w = await open();
    await w.launch('a');
    w.actuator.setStuck(true);
    w.world.pool = samplePool({ startup_delay: '300s' });
    await w.approve(samplePlan([4, 6]));
    await w.pass(15);
    for (let i = 0; i < 2; i++) {
      w.actuator.setReachable(false);
      await w.pass(15);
      w.actuator.setReachable(true);
      await w.pass(150);
    }
    expect(changes(w)).to.deep.equal(['4→6']);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.held', reason: 'actuator_unreachable' });
    expect(w.told().filter(({ type }) => type === 'rollout.failed')).to.deep.equal([]);
  });

  it('takes nobody away whom the demand of now keeps busy, unless a person ordered it', async () => {
    const w = await open();
    await w.launch('a');
    await w.measure({ arrival_rate: 6.5 });
    await w.approve(samplePlan([4, 3]));
    await w.pass(30, { arrival_rate: 6.5 });
    expect(changes(w)).to.deep.equal([]);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.failed', reason: 'demand_has_risen' });
    await w.approve(samplePlan([4, 2], { requested_by: 'ada' }));
    await w.pass(30, { arrival_rate: 6.5 });
    expect(changes(w)).to.deep.equal(['4→2']);
  });

  it('takes nobody away who was seen busy, whatever the rate says', async () => {
    const w = await open();
    await w.launch('a');
    await w.measure({ arrival_rate: 0.1, busy_slots: 7 });
    await w.approve(samplePlan([4, 3]));
    await w.pass(30, { arrival_rate: 0.1, busy_slots: 7 });
    expect(changes(w)).to.deep.equal([]);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.failed', reason: 'demand_has_risen' });
  });

  it('lets the idle workers leave first, with a grace of their jobs’ length; the newest where nobody knows', async () => {
    for (const [busy, gone] of [
      [{ 'shop-checkout-1': 0, 'shop-checkout-2': 1, 'shop-checkout-3': 0, 'shop-checkout-4': 2 }, [3, 1]],
      [undefined, [4, 3]],
    ] as const) {
      const w = await open();
      w.world.busy = busy;
      await w.launch('a');
      await w.approve(samplePlan([4, 2]));
      await w.pass(30, { service_time_p95: '40s', arrival_rate: 1 });
      expect(w.actuator.left).to.deep.equal(
        gone.map((number) => ({ worker: `shop-checkout-${number}`, graceMs: 120_000 })),
      );
    }
  });

  it('says that its token is too old, and goes on above the newest that the actuator has seen', async () => {
    const w = await open();
    await w.actuator.setWorkers({ pool: samplePool(), workers: 4, fencingToken: 5000 });
    await w.launch('a');
    await w.measure();
    await w.approve(samplePlan([4, 6]));
    await w.pass(30);
    expect(changes(w)).to.deep.equal(['4→6']);
    expect(w.actuator.changes[0]?.fencingToken).to.be.greaterThan(5000);
    const reasons = w.told().map(({ type, rollout }) => [type, rollout.reason.split(':')[0]]);
    expect(reasons).to.deep.include(['rollout.held', 'stale_fencing_token']);
    expect(w.outcome().type).to.equal('rollout.finished');
  });

  it('lets the workers of a removed pool drain, shows them till then, and leaves alone those that are not found only', async () => {
    const w = await open();
    const context = await w.launch('a');
    w.world.pool = undefined;
    await w.pass(30);
    expect(w.actuator.workersOf(pool), 'not found may be a store’s loss').to.have.length(4);
    const data = { id: pool, revision: 7, pool: null };
    await w.clock.waitFor(w.helper.bus.publish({ type: 'pool.changed', key: pool, data, cause: '7' }));
    await w.pass(15);
    expect(w.actuator.workersOf(pool)).to.deep.equal([]);
    expect(context.lines().some(({ sentence }) => sentence.startsWith('A pool is no more'))).to.equal(true);
    expect(await context.metrics.text()).to.not.contain(`capacity_executor_orphaned_workers{pool="${pool}"}`);
  });

  it('answers how many workers of a pool run', async () => {
    const w = await open();
    await w.launch('a');
    const asked = { key: pool, actor: { id: 'planner', kind: 'service' as const } };
    expect(await w.clock.waitFor(w.helper.bus.request('pool.workers', { pool }, asked))).to.deep.equal({
      workers: 4,
      ready: 4,
    });
  });

  it('begins each life with a token of its own, so that no order of the life before passes for one of this', async () => {
    const w = await open();
    const first = await w.launch('a');
    w.world.receipts.push = (...ids) => {
      w.actuator.setReachable(false);
      return Array.prototype.push.apply(w.world.receipts, ids);
    };
    await w.measure();
    await w.approve(samplePlan([4, 6]));
    await w.clock.advanceUntil(() => w.world.receipts.length > 0, 60_000);
    first.crash();
    w.actuator.setReachable(true);
    await w.launch('a');
    await w.pass(60);
    expect(w.actuator.changes.map(({ to, fencingToken }) => [to, fencingToken])).to.deep.equal([[6, 2]]);
  });

  it('fails what is held for too long', async () => {
    const w = await open();
    await w.launch('a');
    w.world.auditIsUp = false;
    await w.approve(samplePlan([4, 6]));
    await w.pass(180);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.failed', reason: 'held_too_long' });
    w.world.auditIsUp = true;
    await w.pass(60);
    expect(changes(w)).to.deep.equal([]);
  });

  it('waits for the planner to claim the plan, so that a cancelled one is never begun', async () => {
    const w = await open();
    await w.launch('a');
    w.world.claims = false;
    const plan = samplePlan([4, 6]);
    await w.approve(plan);
    await w.pass(15);
    expect(changes(w)).to.deep.equal([]);
    const cancelled: Plan = { ...plan, status: 'cancelled', status_reason: 'not today' };
    w.world.plans.set(plan.id, cancelled);
    await w.clock.waitFor(w.helper.bus.publish({ type: 'plan.cancelled', key: pool, data: cancelled, cause: 'c' }));
    await w.pass(15);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.failed', reason: 'cancelled' });
    expect(changes(w)).to.deep.equal([]);
  });

  for (const [reason, arrange] of [
    ['plan_overtaken', (w) => w.world.plans.set('plan-4-6', samplePlan([4, 6], { status: 'superseded' }))],
    ['policy_disabled', (w) => void (w.world.policy = samplePolicy({ enabled: false }))],
    ['policy_gone', (w) => void (w.world.policy = undefined)],
    ['pool_gone', (w) => void (w.world.pool = undefined)],
    [
      'outside_policy_limits',
      (w) => void (w.world.policy = samplePolicy({ scaling: { min_workers: 1, max_workers: 5 } })),
    ],
    [
      'cost_limit_exceeded',
      (w) => void (w.world.policy = samplePolicy({ cost: { budget_kind: 'hard', hourly_budget: 5 } })),
    ],
    ['pool_moved', (w) => w.actuator.place(pool, 20)],
    ['pool_owned_elsewhere', (w) => w.actuator.setOwner(pool, 'HorizontalPodAutoscaler/checkout')],
    ['no_actuator', (w) => void (w.world.pool = samplePool({ actuator: { kind: 'none' } }))],
    ['plan_changed', (w) => w.world.plans.set('plan-4-6', samplePlan([4, 7], { id: 'plan-4-6', status: 'executing' }))],
  ] as [string, (w: Awaited<ReturnType<typeof open>>) => unknown][]) {
    it(`refuses with ${reason} what no longer fits what it finds`, async () => {
      const w = await open();
      await w.launch('a');
      w.world.auditIsUp = false;
      await w.approve(samplePlan([4, 6]));
      await w.pass(15);
      arrange(w);
      w.world.auditIsUp = true;
      await w.pass(30);
      expect(w.outcome()).to.deep.equal({ type: 'rollout.failed', reason });
      expect(changes(w)).to.deep.equal([]);
    });
  }

  it('holds while measurements are missing or stale, and takes no workers away on doubtful ones', async () => {
    const w = await open();
    await w.launch('a');
    await w.approve(samplePlan([4, 6]));
    await w.clock.advance(10_000);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.held', reason: 'metrics_missing' });
    await w.pass(30);
    expect(changes(w)).to.deep.equal(['4→6']);
    const v = await open();
    await v.launch('a');
    const doubtful = { quality: { trusted: false, suspects: [] } };
    await v.approve(samplePlan([4, 3]));
    await v.pass(30, doubtful);
    expect(v.outcome()).to.deep.equal({ type: 'rollout.held', reason: 'metrics_untrusted' });
    await v.clock.advance(70_000);
    expect(v.outcome()).to.deep.equal({ type: 'rollout.held', reason: 'metrics_stale' });
    expect(changes(v)).to.deep.equal([]);
  });

  it('fails when workers do not arrive, and goes back where the policy asks for it', async () => {
    for (const [on_failure, type, made] of [
      ['stay', 'rollout.failed', ['4→6']],
      ['revert', 'rollout.reverted', ['4→6', '6→4']],
    ] as const) {
      const w = await open();
      w.world.policy = samplePolicy({ scaling: { min_workers: 1, max_workers: 40, on_failure } });
      await w.launch('a');
      w.actuator.setStuck(true);
      await w.approve(samplePlan([4, 6]));
      await w.pass(120);
      expect(w.outcome()).to.deep.equal({ type, reason: 'workers_did_not_arrive' });
      expect(changes(w)).to.deep.equal(made);
      expect(w.world.receipts).to.have.length(made.length);
    }
  });

  it('says what it takes at most, and which pools it can act on', async () => {
    const w = await open();
    await w.launch('a');
    const asked = { key: systemKey('executor'), actor: { id: 'planner', kind: 'service' as const } };
    expect(await w.clock.waitFor(w.helper.bus.request('executor.caps', {}, asked))).to.deep.equal({
      workers_max: 1000,
      step_max: 1000,
      change_share_max: 10,
      change_share_from: 50,
      cost_per_hour_max: 0,
      actuators: ['process'],
    });
  });

  it('keeps a floor under another autoscaler, and takes nobody of its away', async () => {
    for (const [others, settled] of [
      [9, []],
      [5, ['5→6']],
    ] as const) {
      const w = await open();
      w.world.policy = samplePolicy({ scaling: { min_workers: 1, max_workers: 40, floor_only: true } });
      await w.launch('a');
      w.actuator.place(pool, others);
      await w.approve(samplePlan([4, 6]));
      await w.pass(60);
      expect(w.outcome().type, `${others} workers`).to.equal('rollout.finished');
      expect(changes(w)).to.deep.equal(settled);
    }
    const v = await open();
    v.world.policy = samplePolicy({
      scaling: { min_workers: 1, max_workers: 40, floor_only: true, on_failure: 'revert' },
    });
    await v.launch('a');
    v.actuator.setStuck(true);
    await v.approve(samplePlan([4, 6]));
    await v.pass(120);
    expect(v.outcome()).to.deep.equal({ type: 'rollout.failed', reason: 'workers_did_not_arrive' });
    expect(changes(v)).to.deep.equal(['4→6']);
  });

  it('rides out an actuator that cannot be reached for a while', async () => {
    const w = await open();
    await w.launch('a');
    w.actuator.setReachable(false);
    await w.approve(samplePlan([4, 6]));
    await w.pass(30);
    expect(w.outcome()).to.deep.equal({ type: 'rollout.held', reason: 'actuator_unreachable' });
    w.actuator.setReachable(true);
    await w.pass(30);
    expect(w.outcome().type).to.equal('rollout.finished');
  });
});
