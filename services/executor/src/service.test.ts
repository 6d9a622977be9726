import { CapacityError, type Plan, type Policy, type Pool, type Rollout, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, type Faults, type MemoryContext } from '@capplan/runtime';
import { expect } from 'chai';
import Value from 'typebox/value';
import { createMemoryActuator } from './adapters/memory-actuator.ts';
import { createNoneActuator } from './adapters/none-actuator.ts';
import { ExecutorConfig } from './config.ts';
import { samplePlan, samplePolicy, samplePool, sampleSnapshot, startMs } from './conformance/samples.ts';
import { createExecutor } from './service.ts';

const config = { ...(Value.Create(ExecutorConfig) as ExecutorConfig), holdMaxMs: 120_000 };
const pool = 'shop/checkout';

/** A planner and an audit log as the executor meets them, and a pool of four workers. */
async function open({ seed = 1 } = {}) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(seed) });
  const helper = backend.context('helper');
  const actuator = createMemoryActuator(clock);
  actuator.place(pool, 4);
  const world = {
    plans: new Map<string, Plan>(),
    pool: samplePool() as Pool | undefined,
    policy: samplePolicy() as Policy | undefined,
    auditIsUp: true,
    plannerIsUp: true,
    claims: true,
    receipts: [] as string[],
    ordersWithoutReceipt: 0,
  };
  const need = <T>(value: T | undefined): T => {
    if (!world.plannerIsUp) throw new CapacityError('unavailable', 'the planner is away');
    if (value === undefined) throw new CapacityError('not_found', 'not here');
    return value;
  };
  await clock.waitFor(
    Promise.all([
      helper.bus.respond('plan.get', async ({ data }) => need(world.plans.get(data.plan_id))),
      helper.bus.respond('pool.get', async () => need(world.pool)),
      helper.bus.respond('policy.get', async () => need(world.policy)),
      helper.bus.respond('audit.append', async ({ data }) => {
        if (!world.auditIsUp) throw new CapacityError('unavailable', 'the audit log is away');
        if (!world.receipts.includes(data.id)) world.receipts.push(data.id);
        return { id: data.id, sequence: world.receipts.indexOf(data.id) + 1, hash: 'a'.repeat(64) };
      }),
      helper.bus.consume('rollout.started', { durable: 'planner-started' }, async ({ envelope: { data } }) => {
        const plan = world.plans.get(data.plan_id);
        if (plan?.status !== 'approved' || !world.claims) return;
        world.plans.set(plan.id, { ...plan, status: 'executing' });
      }),
    ]),
  );
  const guarded = {
    ...actuator,
    current: actuator.current,
    setWorkers: async (order: Parameters<typeof actuator.setWorkers>[0]) => {
      // The order for step n must have been preceded by n + 1 receipts or more.
      if (
        world.receipts.length <= actuator.changes.length &&
        order.workers !== (await actuator.current(order.pool)).workers
      ) {
        world.ordersWithoutReceipt += 1;
      }
      return actuator.setWorkers(order);
    },
  };
  const none = createNoneActuator();
  const actuators = { process: guarded, kubernetes: none, none };
  const contexts: MemoryContext[] = [];
  const launch = async (instance: string) => {
    const context = backend.context('executor', instance);
    contexts.push(context);
    await clock.waitFor(createExecutor(context, config, { actuators }).start(), 60_000);
    return context;
  };
  const approve = async (plan: Plan) => {
    world.plans.set(plan.id, plan);
    await clock.waitFor(helper.bus.publish({ type: 'plan.approved', key: pool, data: plan, cause: plan.id }));
  };
  const measure = async (change = {}) => {
    const data = sampleSnapshot(clock.nowMs(), 4, change);
    await clock.waitFor(helper.bus.publish({ type: 'load.observed', key: pool, data, cause: data.timestamp }));
  };
  /** Lets time pass while measurements keep coming. */
  const pass = async (sec: number, change = {}) => {
    for (let left = sec; left > 0; left -= 15) {
      await measure(change);
      await clock.advance(1000 * Math.min(15, left));
    }
  };
  const told = () =>
    backend
      .messages('events')
      .filter(({ type }) => type.startsWith('rollout.'))
      .map(({ type, envelope }) => ({ type, rollout: (envelope as { data: Rollout }).data }));
  const outcome = () => {
    const { type, rollout } = told().at(-1) ?? {};
    return { type, reason: rollout?.reason.split(':')[0] };
  };
  return { clock, backend, helper, actuator, world, launch, approve, measure, pass, told, outcome, contexts };
}

const changes = (w: { actuator: { changes: { from: number; to: number }[] } }) =>
  w.actuator.changes.map(({ from, to }) => `${from}→${to}`);

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
