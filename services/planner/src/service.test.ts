import { everyItem, everyPage, type Plan } from '@capplan/contracts';
import { expect } from 'chai';
import { ada, plannerConfig as config, openPlannerWorld as open, pool } from './conformance/planner-world.ts';
import {
  sampleForecast,
  samplePolicy,
  samplePool,
  sampleRequirement,
  sampleRollout,
  sampleSnapshot,
} from './conformance/samples.ts';
import type { Trials } from './ports.ts';
import { openStores } from './stores.ts';

describe('the planner service', () => {
  it('turns a measurement into an approved, audited and announced plan, and follows its rollout to the end', async () => {
    const w = await open();
    w.world.wish = () => 7;
    await w.observe(4);
    await w.clock.advance(2000);
    const [plan] = await w.plans();
    expect(plan).to.include({ status: 'approved', current_workers: 4, target_workers: 7, requested_by: 'planner' });
    expect(w.world.audited).to.include(`approve:${plan?.id}`);
    expect(w.told('plan.proposed')).to.have.length(1);
    expect(w.told('plan.approved')).to.have.length(1);
    await w.tell(sampleRollout(plan as Plan, 'running', w.clock.nowMs()));
    await w.clock.advance(2000);
    expect((await w.ask('plan.get', { plan_id: plan?.id as string })).status).to.equal('executing');
    await w.tell(sampleRollout(plan as Plan, 'finished', w.clock.nowMs()));
    await w.clock.advance(2000);
    expect((await w.plans())[0]?.status).to.equal('completed');
    expect(w.told('plan.completed')).to.have.length(1);
    expect(w.backend.deadLetters()).to.deep.equal([]);
  });

  it('learns from the executor what it takes: nobody orders more, and what nobody can carry out is only shown', async () => {
    const w = await open();
    w.world.wish = ({ caps, snapshot }) => (caps === undefined ? 7 : (snapshot?.current_workers ?? 0) + caps.stepMax);
    const caps = { workers_max: 20, step_max: 2, change_share_max: 10, change_share_from: 50, cost_per_hour_max: 0 };
    w.world.caps = { ...caps, actuators: ['process'] };
    await w.clock.advance(20_000);
    await w.observe(4);
    await w.clock.advance(2000);
    expect((await w.plans())[0]).to.include({ status: 'approved', target_workers: 6 });
    expect(await w.refusal(w.ask('plan.create', { pool, target_workers: 21 }))).to.equal('invalid_input');

    const v = await open();
    v.world.wish = () => 7;
    v.world.caps = { ...caps, actuators: [] };
    await v.clock.advance(20_000);
    await v.observe(4);
    await v.clock.advance(2000);
    const [shown] = await v.plans();
    expect(shown).to.include({ status: 'proposed', target_workers: 7 });
    expect(await v.refusal(v.ask('plan.approve', { plan_id: shown?.id as string }))).to.equal('illegal_transition');
    expect(v.told('plan.approved')).to.deep.equal([]);
  });

  it('makes one decision for a window, with its forecast and requirement or saying that they had not come', async () => {
    const w = await open({ mode: 'manual' });
    const seen: (string | undefined)[] = [];
    w.world.wish = ({ forecast }) => {
      seen.push(forecast?.made_at);
      return 7;
    };
    const publish = (type: 'forecast.made' | 'capacity.sized', made_at: string) => {
      const [forecast, requirement] = [sampleForecast(made_at), sampleRequirement(made_at)];
      return type === 'forecast.made'
        ? w.helper.bus.publish({ type, key: pool, data: forecast, cause: made_at })
        : w.helper.bus.publish({ type, key: pool, data: requirement, cause: made_at });
    };
    const { timestamp } = await w.observe(4);
    await w.clock.advance(300);
    await w.clock.waitFor(publish('forecast.made', timestamp));
    await w.clock.advance(300);
    expect(seen, 'the requirement has not come').to.deep.equal([]);
    await w.clock.waitFor(publish('capacity.sized', timestamp));
    await w.clock.advance(100);
    expect(seen).to.deep.equal([timestamp]);
    expect((await w.plans())[0]?.rationale).to.not.contain('Decided without');

    const again = sampleSnapshot(Date.parse(timestamp), 4);
    await w.clock.waitFor(
      w.helper.bus.publish({ type: 'load.observed', key: pool, data: again, cause: 'the same, said again' }),
    );
    await w.clock.advance(2000);
    expect(seen, 'the same window').to.have.length(1);

    w.world.wish = () => 20;
    await w.clock.advance(13_000);
    await w.observe(4);
    await w.clock.advance(900);
    expect((await w.plans())[0]?.target_workers, 'still waiting').to.equal(7);
    await w.clock.advance(200);
    const [late] = await w.plans();
    expect(late).to.include({ target_workers: 20 });
    expect(late?.rationale).to.contain('Decided without forecast and requirement of this window');
    expect(late?.explanation[0]).to.include({ rule: 'window', before: 4, after: 4 });
  });

  it('approves nothing while the audit log is silent, and catches up when it is back', async () => {
    const w = await open();
    w.world.wish = () => 7;
    w.world.auditIsUp = false;
    await w.observe(4);
    await w.clock.advance(10_000);
    expect((await w.plans())[0]?.status).to.equal('proposed');
    expect(await w.refusal(w.ask('plan.approve', { plan_id: (await w.plans())[0]?.id as string }))).to.equal(
      'no_audit_receipt',
    );
    expect(await w.refusal(w.ask('pool.remove', { id: pool }))).to.equal('no_audit_receipt');
    expect(w.told('plan.approved')).to.deep.equal([]);
    w.world.auditIsUp = true;
    await w.clock.advance(5000);
    await w.observe(4);
    await w.clock.advance(2000);
    expect((await w.plans())[0]?.status).to.equal('approved');
  });

  it('lets a record of an older version, which cannot be used, cost its own pool only, after a restart too', async () => {
    const w = await open();
    const poisoned = 'shop/poisoned';
    const schedules = [{ cron: '99 99 99 99 99', duration: '1h' }];
    const policy = samplePolicy({ id: 'poison', scaling: { min_workers: 1, max_workers: 40, schedules } });
    expect(await w.refusal(w.ask('policy.put', { policy, must: 'create' }))).to.equal('invalid_input');
    const store = await w.clock.waitFor(openStores(w.helper));
    await w.clock.waitFor(store.policies.create('_/poison', { policy, command_id: 'old' }));
    const record = samplePool({ id: poisoned, policy_id: 'poison', startup_delay: '365d' });
    await w.clock.waitFor(store.pools.create(poisoned, { pool: record, command_id: 'old' }));
    w.world.wish = ({ policy: { id } }) => {
      if (id === 'poison') throw new TypeError('CronPattern: Invalid value');
      return 7;
    };
    const settled = async () => {
      await w.observe(4, { pool: poisoned });
      await w.observe(4);
      await w.clock.advance(2000);
    };
    await settled();
    expect((await w.plans())[0]).to.include({ status: 'approved', target_workers: 7 });
    expect(await w.refusal(w.ask('plan.preview', { pool: poisoned }))).to.equal('policy_mismatch');
    const [first] = w.replicas;
    expect(first?.context.health.report().checks.pools?.detail).to.contain(poisoned).and.contain('cron');
    expect(first?.context.health.report().ready).to.equal(true);

    first?.context.crash();
    const second = await w.launch('b');
    w.world.wish = ({ policy: { id } }) => {
      if (id === 'poison') throw new TypeError('CronPattern: Invalid value');
      return 9;
    };
    await w.clock.advance(60_000);
    await settled();
    expect((await w.ask('plan.preview', { pool })).target_workers).to.equal(9);
    const skipped = second.context.lines().filter(({ sentence }) => sentence.startsWith('A pool is skipped'));
    expect(skipped).to.have.length(1);
    expect(w.backend.deadLetters()).to.deep.equal([]);
  });

  it('answers long lists in pages that fit a message, whole and without repeats', async () => {
    const w = await open();
    const events = Array.from({ length: 256 }, (_, i) => ({
      name: `${i} `.padEnd(120, 'x'),
      from: '2026-01-05T06:00:00.000Z',
      to: '2026-01-05T07:00:00.000Z',
      multiplier: 2,
    }));
    const ids = Array.from({ length: 30 }, (_, i) => `large-${String(i).padStart(2, '0')}`);
    for (const id of ids) {
      await w.ask('policy.put', { policy: { ...samplePolicy(), id, forecast: { events } }, must: 'create' });
    }
    await w.clock.advance(1000);
    const pages: number[] = [];
    for await (const { policies } of everyPage((at) => w.ask('policy.list', at))) {
      pages.push(Buffer.byteLength(JSON.stringify(policies)));
    }
    expect(pages.length).to.be.greaterThan(1);
    expect(Math.max(...pages)).to.be.below(1_048_576);
    const listed = await everyItem(
      (at) => w.ask('policy.list', { ...at, limit: 7 }),
      ({ policies }) => policies.map(({ id }) => id),
    );
    expect(listed.filter((id) => id.startsWith('large-'))).to.deep.equal(ids);
    expect(await w.refusal(w.ask('pool.list', { cursor: 'bm90LW91cnM' }))).to.equal('invalid_input');
  });

  it('gives a repeated command the same answer and does its work once', async () => {
    const w = await open({ mode: 'manual' });
    await w.observe(4);
    await w.clock.advance(1000);
    const first = await w.ask('plan.create', { pool, target_workers: 6 }, ada, 'once');
    const again = await w.ask('plan.create', { pool, target_workers: 6 }, ada, 'once');
    expect(again.id).to.equal(first.id);
    const applied = await w.ask('plan.apply', { plan_id: first.id }, ada, 'twice');
    expect((await w.ask('plan.apply', { plan_id: first.id }, ada, 'twice')).status)
      .to.equal(applied.status)
      .and.to.equal('approved');
    await w.clock.advance(1000);
    expect(w.told('plan.approved')).to.have.length(1);
    expect(w.world.audited.filter((id) => id === 'command:once')).to.have.length(1);
  });

  it('refuses what a plan’s state, its limits or its size forbid', async () => {
    const w = await open({ mode: 'manual' });
    await w.observe(4);
    await w.clock.advance(1000);
    expect(await w.refusal(w.ask('plan.create', { pool, target_workers: 400 }))).to.equal('invalid_input');
    expect(await w.refusal(w.ask('plan.get', { plan_id: 'plan-nowhere' }))).to.equal('not_found');
    const large = await w.ask('plan.create', { pool, target_workers: 30 });
    expect(large).to.include({ large_change: true, approvals_needed: 2, status: 'awaiting_approval' });
    expect(await w.refusal(w.ask('plan.apply', { plan_id: large.id }))).to.equal('duplicate_approver');
    expect(await w.refusal(w.ask('plan.apply', { plan_id: large.id }, { id: 'bob', kind: 'user' }))).to.equal(
      'second_factor_required',
    );
    await w.ask('plan.approve', { plan_id: large.id }, { ...ada, id: 'bob' });
    expect((await w.ask('plan.apply', { plan_id: large.id }, { ...ada, id: 'cyd' })).status).to.equal('approved');
    await w.ask('plan.cancel', { plan_id: large.id, comment: 'not today' });
    expect(await w.refusal(w.ask('plan.approve', { plan_id: large.id }))).to.equal('illegal_transition');
  });

  it('rolls a carried-out plan back by a new plan', async () => {
    const w = await open({ mode: 'manual' });
    await w.observe(4);
    await w.clock.advance(1000);
    const plan = await w.ask('plan.create', { pool, target_workers: 6 });
    expect(await w.refusal(w.ask('plan.rollback', { plan_id: plan.id }))).to.equal('illegal_transition');
    await w.ask('plan.apply', { plan_id: plan.id });
    await w.tell(sampleRollout(plan, 'finished', w.clock.nowMs()));
    await w.clock.advance(1000);
    w.world.wish = () => 6;
    await w.observe(6);
    await w.clock.advance(1000);
    const back = await w.ask('plan.rollback', { plan_id: plan.id });
    expect(back).to.include({
      current_workers: 6,
      target_workers: 4,
      status: 'awaiting_approval',
      requested_by: 'ada',
    });
  });

  it('expires plans that nobody decides on', async () => {
    const w = await open({ mode: 'manual' });
    w.world.wish = () => 7;
    await w.observe(4);
    await w.clock.advance(901_000 + config.sweepMs);
    expect((await w.plans())[0]?.status).to.equal('expired');
  });

  it('previews without keeping anything', async () => {
    const w = await open();
    expect(await w.refusal(w.ask('plan.preview', { pool }))).to.equal('not_enough_data');
    await w.observe(4);
    await w.clock.advance(1000);
    w.world.wish = () => 9;
    expect(await w.ask('plan.preview', { pool })).to.include({ status: 'draft', target_workers: 9 });
    await w.clock.advance(1000);
    expect(await w.plans()).to.deep.equal([]);
  });

  it('does not wait for a simulator longer than it may, and keeps what it says in time', async () => {
    const silent: Trials = { compare: () => new Promise(() => undefined) };
    const w = await open({ trials: silent });
    w.world.wish = () => 7;
    await w.observe(4);
    await w.clock.advance(2000);
    expect((await w.plans())[0]?.simulation.simulated).to.equal(false);

    const quick: Trials = {
      compare: async ({ candidates }) => ({
        simulated: true,
        best: 0,
        results: candidates.map(() => ({ simulated: true, slo_achievement: 0.97, max_backlog: 3, p95_latency: '4s' })),
      }),
    };
    const v = await open({ trials: quick });
    v.world.wish = () => 7;
    await v.observe(4);
    await v.clock.advance(2000);
    expect((await v.plans())[0]?.simulation).to.include({ simulated: true, p95_latency: '4s' });
  });

  it('says once when a budget will be overrun and when the objective is missed', async () => {
    const w = await open();
    await w.ask('policy.put', { policy: samplePolicy({ cost: { hourly_budget: 2 } }), must: 'update' });
    for (let i = 0; i < 4; i++) {
      await w.observe(4, { response_time_p95: '9s' });
      await w.clock.advance(15_000);
    }
    expect(w.told('budget.alert')).to.have.length(1);
    expect(w.told('slo.breached')).to.have.length(1);
    expect(w.told('slo.breached')[0]).to.include({ target_s: 5, observed_p95_s: 9 });
  });

  it('backs off after a failure: nothing is planned or audited, the plan says why; what a person does ends it', async () => {
    const w = await open();
    w.world.wish = () => 7;
    const fail = async () => {
      await w.observe(4);
      await w.clock.advance(1000);
      const [plan] = (await w.plans()) as [Plan];
      expect(plan.status).to.equal('approved');
      await w.tell({ ...sampleRollout(plan, 'failed', w.clock.nowMs()), reason: 'no_actuator: gone', steps: [] });
      await w.clock.advance(1000);
      return plan;
    };
    const first = await fail();
    expect(first).to.not.have.property('failures_before');
    const audited = w.world.audited.length;
    await w.observe(4);
    await w.clock.advance(1000);
    expect(await w.plans()).to.have.length(1);
    const shown = await w.ask('plan.preview', { pool });
    expect(shown).to.include({ status_reason: 'backing_off', target_workers: 4 });
    expect(shown.steps).to.deep.equal([]);
    expect(shown.explanation.at(-1)?.detail).to.match(
      /^the last automatic plan up failed \(no_actuator\); the next waits/,
    );
    expect(w.world.audited).to.have.length(audited);

    await w.clock.advance(60_000);
    expect(await fail()).to.include({ failures_before: 1 });
    await w.ask('pool.put', { pool: samplePool() });
    await w.clock.advance(1000);
    await w.observe(4);
    await w.clock.advance(1000);
    const [third] = (await w.plans()) as [Plan];
    expect(third.status).to.equal('approved');
    expect(third).to.not.have.property('failures_before');
    await w.tell(sampleRollout(third, 'finished', w.clock.nowMs()));
    await w.clock.advance(1000);
    expect(w.told('plan.completed').at(-1)).to.include({ failures_before: 2 });
  });

  it('refuses to leave a pool without its policy, and announces what was removed', async () => {
    const w = await open();
    expect(await w.refusal(w.ask('policy.remove', { id: 'default' }))).to.equal('policy_in_use');
    expect(await w.refusal(w.ask('pool.put', { pool: samplePool({ tags: ['pci'] }) }))).to.equal('policy_mismatch');
    expect(await w.refusal(w.ask('pool.put', { pool: samplePool({ policy_id: 'nowhere' }) }))).to.equal(
      'policy_mismatch',
    );
    expect(await w.refusal(w.ask('policy.put', { policy: samplePolicy(), must: 'create' }))).to.equal('conflict');
    await w.ask('pool.remove', { id: pool });
    await w.ask('policy.remove', { id: 'default' });
    await w.clock.advance(1000);
    expect(w.told('pool.changed').at(-1)).to.include({ id: pool, pool: null });
    expect(w.told('policy.changed').at(-1)).to.include({ id: 'default', policy: null });
    expect((await w.ask('pool.list', {})).pools).to.deep.equal([]);
  });

  it('lets no pool go whose workers run, or of which nobody says whether they run', async () => {
    const w = await open();
    const moved = samplePool({ actuator: { kind: 'kubernetes', target: 'checkout' } });
    w.world.workers = undefined;
    await w.ask('pool.put', { pool: moved });
    await w.ask('pool.put', { pool: samplePool() });
    w.world.wish = () => 7;
    await w.observe(4);
    await w.clock.advance(2000);
    const [plan] = (await w.plans()) as [Plan];
    await w.tell(sampleRollout(plan, 'finished', w.clock.nowMs()));
    await w.clock.advance(1000);
    const removal = { id: pool };
    const audited = w.world.audited.length;
    for (const [workers, data, outcome] of [
      [undefined, removal, 'unavailable'],
      [undefined, { ...removal, drain: true }, 'unavailable'],
      [undefined, { pool: moved }, 'unavailable'],
      [7, removal, 'pool_in_use'],
      [7, { ...removal, drain: false }, 'pool_in_use'],
      [7, { pool: moved }, 'pool_in_use'],
    ] as const) {
      w.world.workers = workers;
      const command = 'pool' in data ? w.ask('pool.put', data) : w.ask('pool.remove', data);
      expect(await w.refusal(command), JSON.stringify(data)).to.equal(outcome);
    }
    expect(w.world.audited, 'what is refused is not audited as done').to.have.length(audited);
    expect((await w.ask('pool.get', { id: pool })).actuator).to.deep.equal({ kind: 'process' });
    await w.ask('pool.put', { pool: samplePool({ worker_cost_per_hour: 2 }) });
    w.world.workers = 0;
    await w.ask('pool.put', { pool: moved });
    w.world.workers = 7;
    await w.ask('pool.remove', { ...removal, drain: true });
    expect(await w.refusal(w.ask('pool.get', { id: pool }))).to.equal('not_found');
    await w.ask('pool.put', { pool: samplePool() });
    w.world.workers = 0;
    await w.ask('pool.remove', removal);
  });

  it('begins an empty pool with the workers that its owner named, once', async () => {
    const w = await open();
    w.world.wish = () => 1;
    await w.ask('pool.put', { pool: samplePool({ initial_workers: 6 }) });
    await w.observe(0);
    await w.clock.advance(2000);
    expect((await w.plans())[0]).to.include({ status: 'approved', target_workers: 6 });
    await w.ask('plan.cancel', { plan_id: (await w.plans())[0]?.id as string });
    await w.clock.advance(15_000);
    await w.observe(0);
    await w.clock.advance(2000);
    expect((await w.plans())[0]).to.include({ status: 'approved', target_workers: 1 });
  });

  it('ignores measurements that are old, out of order or from before the last change', async () => {
    const w = await open();
    w.world.wish = () => 7;
    const old = sampleSnapshot(w.clock.nowMs() - 600_000, 4);
    await w.clock.waitFor(w.helper.bus.publish({ type: 'load.observed', key: pool, data: old, cause: old.timestamp }));
    await w.clock.advance(2000);
    expect(await w.plans()).to.deep.equal([]);
  });
});
