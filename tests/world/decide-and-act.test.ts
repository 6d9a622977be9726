import { createAesSealer, createAudit, createMemoryAuditLog, makeAuditKeys } from '@capplan/audit-service';
import {
  type Envelope,
  isTerminal,
  type Plan,
  type RequestData,
  type RequestName,
  type Rollout,
  systemKey,
} from '@capplan/contracts';
import { createExecutor, createMemoryActuator, createNoneActuator, ExecutorConfig } from '@capplan/executor-service';
import { createNoneTrials, createPlanner, PlannerConfig } from '@capplan/planner-service';
import { samplePolicy, samplePool, sampleSnapshot, scriptedCore } from '@capplan/planner-service/conformance';
import { createRandomStream } from '@capplan/random';
import {
  createMemoryBackend,
  createVirtualClock,
  loadConfig,
  type MemoryContext,
  type Service,
} from '@capplan/runtime';
import { expect } from 'chai';
import { worldFaults } from './faults.ts';
import { forEachSeed, worldSeeds } from './seeds.ts';

const startMs = Date.parse('2026-03-02T12:00:00Z');
const pool = samplePool();
const policy = samplePolicy({
  scaling: { min_workers: 2, max_workers: 30 },
  slo: { p95_latency: '5s' },
  approval: { large_change_workers: 100, large_change_share: 10 },
});
const keys = makeAuditKeys();
const ada = { id: 'ada', kind: 'user' } as const;
const seeds = worldSeeds(15);

/** A plain rule in the place of the decision core: this test is about what becomes of decisions, not about how good they are. */
const reactive = scriptedCore(({ nowMs, snapshot, history }) => {
  const current = snapshot?.current_workers ?? 0;
  const sinceMs = nowMs - Math.max(0, ...history.changes.map(({ timeMs }) => timeMs));
  if (!snapshot || sinceMs < 60_000 || snapshot.starting_workers > 0) return current;
  const needed = Math.ceil((snapshot.arrival_rate + snapshot.backlog / 60) / (pool.concurrency * 0.75));
  return Math.min(30, Math.max(2, needed));
});

/** Planner, executor and audit with a pool whose demand doubles and falls again, while things go wrong. */
async function live(seed: number) {
  const clock = createVirtualClock({ startMs });
  const random = createRandomStream(seed);
  const backend = createMemoryBackend({ clock, random: random.fork('backend') });
  const log = createMemoryAuditLog();
  const actuator = createMemoryActuator(clock);
  actuator.place(pool.id, 4);
  const none = createNoneActuator();
  const makers: Record<string, (context: MemoryContext) => Service> = {
    audit: (context) =>
      createAudit(
        context,
        { checkpointEvery: 20, repeatHorizon: 10_000, retentionDays: 90 },
        { log, sealer: createAesSealer(keys) },
      ),
    planner: (context) =>
      createPlanner(context, loadConfig(PlannerConfig, {}), { planning: reactive, trials: createNoneTrials() }),
    executor: (context) =>
      createExecutor(context, loadConfig(ExecutorConfig, {}), {
        actuators: { process: actuator, kubernetes: none, none },
      }),
  };
  const running = new Map<string, MemoryContext>();
  const launch = async (name: string) => {
    const context = backend.context(name);
    await clock.waitFor((makers[name] as (typeof makers)[string])(context).start());
    running.set(name, context);
  };
  for (const name of Object.keys(makers)) await launch(name);
  const helper = backend.context('helper');
  const ask = <N extends RequestName>(name: N, data: RequestData<N>) =>
    clock.waitFor(
      helper.bus.request(name, data, { key: name.startsWith('policy') ? systemKey(policy.id) : pool.id, actor: ada }),
    );
  await ask('policy.put', { policy, must: 'create' });
  await ask('pool.put', { pool });

  backend.setFaults(worldFaults());
  let backlog = 0;
  const work = async (rate: number) => {
    const { workers, ready } = await actuator.current(pool);
    const slots = ready * pool.concurrency;
    const served = Math.min(slots, rate + backlog / 15);
    backlog = Math.max(0, backlog + (rate - served) * 15);
    const data = sampleSnapshot(clock.nowMs(), ready, {
      arrival_rate: rate,
      completion_rate: served,
      starting_workers: workers - ready,
      busy_slots: served,
      slots,
      utilization: slots > 0 ? served / slots : 1,
      backlog: Math.round(backlog),
    });
    await clock
      .waitFor(helper.bus.publish({ type: 'load.observed', key: pool.id, data, cause: data.timestamp }))
      .catch(() => undefined);
    await clock.advance(15_000);
  };
  for (let i = 0; i < 120; i++) {
    if (i % 12 === 5) {
      const name = Object.keys(makers)[random.integer(3)] as string;
      running.get(name)?.crashAtOperation(1 + random.integer(25), random.integer(2) === 0 ? 'before' : 'after');
    }
    await work(i < 20 ? 5 : i < 70 ? 14 : 4);
    for (const [name, context] of running) if (!context.isUp()) await launch(name).catch(() => undefined);
    check();
  }
  backend.setFaults({});
  // All begin once more, so that no crash ordered before is still to come.
  for (const [name, context] of running) {
    context.crash();
    await launch(name);
  }
  for (let i = 0; i < 20; i++) await work(4);
  check();
  return { actuator, backend, ask, told, check };

  function told<T>(prefix: string): { type: string; data: T }[] {
    return backend
      .messages('events')
      .filter(({ type }) => type.startsWith(prefix))
      .map(({ type, envelope }) => ({ type, data: (envelope as Envelope<T>).data }));
  }

  /** What holds after every step, whatever goes wrong. */
  function check(): void {
    for (const { from, to } of actuator.changes) {
      expect(to, `seed ${seed}`).to.be.within(2, 30);
      expect(to).to.not.equal(from);
    }
    const open = new Map<string, Plan>();
    for (const { data } of told<Plan>('plan.')) {
      if (isTerminal(data.status)) open.delete(data.id);
      else open.set(data.id, data);
    }
    expect(open.size, `seed ${seed}: plans open at once`).to.be.at.most(1);
  }
}

describe('planner, executor and audit in one world', function () {
  this.timeout(120_000);

  it(`scale a pool up and down, each change planned, approved, audited and done once (${seeds.length} seeds)`, async () => {
    await forEachSeed(seeds, async (seed) => {
      const w = await live(seed);
      const place = `seed ${seed}`;
      const peak = Math.max(...w.actuator.changes.map(({ to }) => to));
      expect(peak, `${place}: 14 jobs a second need more than 7 workers of 2 slots`).to.be.greaterThan(7);
      expect(w.actuator.changes.at(-1)?.to, `${place}: the demand has gone`).to.be.lessThan(peak);

      const rollouts = (await w.ask('rollout.list', { pool: pool.id, limit: 1000 })).rollouts;
      const steps = new Map<string, Rollout['steps'][number]>();
      for (const { data } of w.told<Rollout>('rollout.')) {
        for (const step of data.steps)
          if (step.ordered_at !== undefined) steps.set(`${data.id}:step:${step.index}`, step);
      }
      expect(w.actuator.changes.length, `${place}: changes without a step`).to.be.at.most(steps.size);
      expect(rollouts.filter(({ status }) => status === 'running' || status === 'held')).to.deep.equal([]);

      const { records, total } = await w.ask('audit.list', { from_sequence: 1, limit: 1000 });
      const receipts = new Map(records.map((record) => [record.entry.id, `${record.sequence}:${record.hash}`]));
      for (const [id, step] of steps) expect(step.audit_receipt, `${place}: ${id}`).to.equal(receipts.get(id));
      for (const { data } of w.told<Plan>('plan.approved')) {
        expect(receipts.has(`approve:${data.id}`), `${place}: ${data.id} approved without a receipt`).to.equal(true);
      }
      expect(await w.ask('audit.verify', {}), place).to.deep.equal({
        intact: true,
        records: total,
        first_broken: null,
      });
      expect(
        w.backend.deadLetters().map(({ reason }) => reason),
        place,
      ).to.not.include('schema');
    });
  });
});
