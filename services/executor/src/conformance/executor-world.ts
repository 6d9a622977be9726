import { CapacityError, type Plan, type Policy, type Pool, type Rollout, timestamp } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createMemoryBackend, createVirtualClock, type MemoryContext } from '@capplan/runtime';
import Value from 'typebox/value';
import { createMemoryActuator } from '../adapters/memory-actuator.ts';
import { createNoneActuator } from '../adapters/none-actuator.ts';
import { ExecutorConfig } from '../config.ts';
import { createExecutor } from '../service.ts';
import { samplePolicy, samplePool, sampleSnapshot, startMs } from './samples.ts';

export const executorConfig = { ...(Value.Create(ExecutorConfig) as ExecutorConfig), holdMaxMs: 120_000 };
export const pool = 'shop/checkout';

/** A planner and an audit log as the executor meets them, and a pool of four workers. */
export async function openExecutorWorld({ seed = 1 } = {}) {
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
    /** Slots that each worker keeps busy; undefined: nobody says. */
    busy: undefined as Record<string, number> | undefined,
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
      helper.bus.respond('load.workers', async () => {
        if (!world.busy) throw new CapacityError('unavailable', 'the collector is away');
        const seen = { concurrency: 2, draining: false, seen_at: timestamp(clock.nowMs()) };
        return { workers: Object.entries(world.busy).map(([worker, busy]) => ({ worker, busy, ...seen })) };
      }),
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
    current: (of: Pool) => actuator.current(of),
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
    await clock.waitFor(createExecutor(context, executorConfig, { actuators }).start(), 60_000);
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

/** What was really changed, in order. */
export const changes = (w: { actuator: { changes: { from: number; to: number }[] } }) =>
  w.actuator.changes.map(({ from, to }) => `${from}→${to}`);
