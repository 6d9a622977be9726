import { check, isTerminal, mayBecome, type Plan, type PlanStatus } from '@capplan/contracts';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  samplePolicy,
  samplePool,
  sampleRollout,
  sampleSnapshot,
  scriptedCore,
  startMs,
} from '../conformance/samples.ts';
import { approve } from './approvals.ts';
import { consider, expire } from './consider.ts';
import { committedSteps, draftPlan, poolFacts } from './draft-plan.ts';
import { followRollout } from './follow-rollout.ts';
import { plannerId } from './is-automatic.ts';
import { planId } from './plan-id.ts';
import { type Moment, move, noPlans, PoolPlans, told } from './pool-plans.ts';
import { mayGovern, mayPutPolicy, mayRemovePolicy } from './record-rules.ts';

const at = (nowMs: number): Moment => ({ nowMs, recentMax: 5 });

function draftOf(
  target: number,
  { workers = 4, timeMs = startMs, policy = samplePolicy(), confidence = 0.95, by = plannerId, trusted = true } = {},
) {
  const snapshot = sampleSnapshot(timeMs, workers, { quality: { trusted, suspects: [] } });
  const input = {
    nowMs: timeMs,
    pool: poolFacts(samplePool()),
    policy,
    snapshot,
    history: { changes: [] },
  };
  const decision = scriptedCore(() => ({ workers: target, confidence })).decide(input);
  const draft = draftPlan({
    id: planId({ pool: 'shop/checkout', cause: snapshot.timestamp, timeMs }),
    input,
    decision,
    requestedBy: by,
    expiresAfterSec: 900,
    commitSec: 60,
    forecastPoints: 10,
  });
  return { policy, snapshot, draft, hold: decision.hold as string | undefined, mayApprove: true, canAct: true };
}

describe('the life of a plan', () => {
  it('is approved by its policy when it is automatic, small, sure and stands on trusted data', () => {
    const state = consider(noPlans('shop/checkout'), draftOf(6), at(startMs));
    expect(state.active?.status).to.equal('approved');
    expect(state.outbox.map(({ event }) => event)).to.deep.equal(['plan.proposed', 'plan.approved']);
  });

  it('is never approved by itself in advisory mode, but a person may', () => {
    const policy = samplePolicy({ mode: 'advisory' });
    let state = noPlans('shop/checkout');
    for (let i = 0; i < 20; i++)
      state = consider(told(state), draftOf(6, { policy, timeMs: startMs + i * 15_000 }), at(startMs + i * 15_000));
    expect(state.active?.status).to.equal('proposed');
    const outcome = approve(
      told(state),
      { planId: state.active?.id as string, actor: { id: 'ada', kind: 'user' } },
      at(startMs + 300_000),
    );
    expect(outcome.ok && outcome.state.active?.status).to.equal('approved');
  });

  it('needs two other people with a second factor for a large change', () => {
    const state = told(consider(noPlans('shop/checkout'), draftOf(20, { by: 'ada' }), at(startMs)));
    const planIs = state.active?.id as string;
    const say = (from: PoolPlans, id: string, second_factor: boolean) =>
      approve(from, { planId: planIs, actor: { id, kind: 'user', second_factor } }, at(startMs));
    expect(say(state, 'ada', true)).to.include({ ok: false, code: 'duplicate_approver' });
    expect(say(state, 'bob', false)).to.include({ ok: false, code: 'second_factor_required' });
    const once = say(state, 'bob', true);
    if (!once.ok) throw new Error(once.detail);
    expect(once.state.active?.status).to.equal('awaiting_approval');
    expect(say(once.state, 'bob', true)).to.include({ ok: false, code: 'duplicate_approver' });
    const twice = say(once.state, 'cyd', true);
    expect(twice.ok && twice.state.active?.status).to.equal('approved');
    const service = approve(state, { planId: planIs, actor: { id: 'planner', kind: 'service' } }, at(startMs));
    expect(service).to.include({ ok: false, code: 'forbidden' });
  });

  it('makes the same plan from the same snapshot once', () => {
    const first = told(consider(noPlans('shop/checkout'), draftOf(6), at(startMs)));
    expect(consider(first, draftOf(6), at(startMs + 1000))).to.equal(first);
    const rejected = told(move(first, 'rejected', 'no', at(startMs + 2000)));
    expect(consider(rejected, draftOf(6), at(startMs + 3000))).to.equal(rejected);
  });

  it('follows a rollout told late, twice or out of order', () => {
    const approved = told(consider(noPlans('shop/checkout'), draftOf(6), at(startMs)));
    const plan = approved.active as Plan;
    const finished = followRollout(approved, sampleRollout(plan, 'finished', startMs), at(startMs));
    expect(finished.outbox.map(({ event }) => event)).to.deep.equal(['plan.executing', 'plan.completed']);
    expect(finished.changes).to.have.length(1);
    // What it was made from was published with the proposal, and stays with the plan.
    const explanation = [{ rule: 'demand', before: 4, after: 6, detail: 'sized' }];
    const open = { ...approved, active: { ...plan, explanation } };
    const ended = followRollout(open, sampleRollout(plan, 'finished', startMs), at(startMs));
    expect(ended.outbox.map((note) => note.plan.explanation)).to.deep.equal([[], []]);
    expect(ended.outbox.at(-1)?.plan.steps).to.deep.equal(plan.steps);
    expect(ended.recent[0]?.explanation).to.deep.equal(explanation);
    const quiet = told(finished);
    expect(followRollout(quiet, sampleRollout(plan, 'running', startMs), at(startMs))).to.equal(quiet);
    expect(followRollout(quiet, sampleRollout(plan, 'finished', startMs), at(startMs))).to.equal(quiet);
  });

  it('keeps only steps within its commitment', () => {
    const step = (sec: number) => ({
      ...(draftOf(6).draft.steps[0] as Plan['steps'][number]),
      timestamp: new Date(startMs + sec * 1000).toISOString(),
    });
    expect(committedSteps([step(0), step(30), step(300), step(310)], startMs, 60)).to.have.length(2);
    expect(committedSteps([step(300)], startMs, 60)).to.deep.equal([]);
  });

  it('never leaves its map, has one plan that is not over, and tells of every change, whatever happens in whatever order', () => {
    const wishes = fc.record({
      kind: fc.constant('snapshot' as const),
      target: fc.integer({ min: 0, max: 30 }),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      trusted: fc.boolean(),
    });
    const words = fc.record({
      kind: fc.constantFrom('approve' as const, 'reject' as const, 'cancel' as const),
      who: fc.constantFrom('ada', 'bob', 'cyd'),
      factor: fc.boolean(),
    });
    const rollouts = fc.record({
      kind: fc.constant('rollout' as const),
      status: fc.constantFrom(
        'running' as const,
        'held' as const,
        'finished' as const,
        'failed' as const,
        'reverted' as const,
      ),
    });
    const times = fc.record({ kind: fc.constant('time' as const), sec: fc.integer({ min: 1, max: 2000 }) });
    fc.assert(
      fc.property(
        fc.constantFrom('auto' as const, 'manual' as const, 'advisory' as const),
        fc.array(fc.oneof(wishes, wishes, words, rollouts, times), { maxLength: 40 }),
        (mode, happenings) => {
          const policy = samplePolicy({ mode });
          let state = noPlans('shop/checkout');
          let nowMs = startMs;
          const seen = new Map<string, PlanStatus>();
          for (const happening of happenings) {
            const before = told(state);
            state = before;
            nowMs += 1000;
            if (happening.kind === 'time') nowMs += happening.sec * 1000;
            if (happening.kind === 'time') state = expire(before, at(nowMs));
            else if (happening.kind === 'snapshot') {
              state = consider(before, draftOf(happening.target, { ...happening, timeMs: nowMs, policy }), at(nowMs));
            } else if (happening.kind === 'rollout') {
              const plan = before.active ?? before.recent[0];
              // Only what was approved is ever carried out.
              if (!plan || !['approved', 'executing', 'completed', 'failed', 'reverted'].includes(plan.status))
                continue;
              state = followRollout(before, sampleRollout(plan, happening.status, nowMs), at(nowMs));
            } else if (before.active) {
              const { who, factor, kind } = happening;
              if (kind === 'approve') {
                const actor = { id: who, kind: 'user' as const, second_factor: factor };
                const outcome = approve(before, { planId: before.active.id, actor }, at(nowMs));
                if (outcome.ok) state = outcome.state;
              } else {
                const to = kind === 'reject' ? 'rejected' : 'cancelled';
                if (mayBecome(before.active.status, to)) state = move(before, to, who, at(nowMs));
              }
            }
            for (const { plan } of state.outbox) {
              const was = seen.get(plan.id);
              if (was !== undefined && was !== plan.status)
                expect(mayBecome(was, plan.status), `${was} → ${plan.status}`).to.equal(true);
              seen.set(plan.id, plan.status);
              if (plan.status === 'approved' && plan.large_change) {
                expect(new Set(plan.approvals.filter((a) => a.second_factor).map((a) => a.by)).size).to.be.at.least(2);
              }
              if (plan.status === 'approved' && mode !== 'auto') expect(plan.approvals.length).to.be.greaterThan(0);
            }
            // What was told is what is kept: nothing changes in silence.
            if (state.active) expect(seen.get(state.active.id)).to.equal(state.active.status);
            for (const plan of state.recent) expect(seen.get(plan.id)).to.equal(plan.status);
            expect([...seen.values()].filter((status) => !isTerminal(status)).length).to.be.at.most(1);
            expect(state.recent.every((plan) => isTerminal(plan.status))).to.equal(true);
          }
          expect(check(PoolPlans, JSON.parse(JSON.stringify(state))).ok).to.equal(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the rules between policies and pools', () => {
  const pci = { tags: ['pci'] };
  it('keep payment queues and payment policies among themselves', () => {
    expect(mayGovern(samplePolicy(pci), samplePool(pci))).to.deep.equal({ ok: true });
    expect(mayGovern(samplePolicy(), samplePool(pci))).to.include({ ok: false, code: 'policy_mismatch' });
    expect(mayGovern(samplePolicy(pci), samplePool())).to.include({ ok: false, code: 'policy_mismatch' });
  });

  it('refuse a policy that would no longer fit the pools it governs, and removing one in use', () => {
    expect(mayPutPolicy(samplePolicy(pci), [samplePool()])).to.include({ ok: false, code: 'policy_mismatch' });
    expect(mayPutPolicy(samplePolicy(pci), [samplePool({ policy_id: 'other' })])).to.deep.equal({ ok: true });
    expect(mayRemovePolicy('default', [samplePool()])).to.include({ ok: false, code: 'policy_in_use' });
    expect(mayRemovePolicy('other', [samplePool()])).to.deep.equal({ ok: true });
  });

  it('name every problem of a policy together', () => {
    const verdict = mayPutPolicy(
      samplePolicy({
        scaling: { min_workers: 5, max_workers: 2, utilization_high: 0.5, utilization_low: 0.6 },
        cost: { budget_kind: 'hard' },
      }),
      [],
    );
    expect(verdict.ok ? '' : verdict.detail)
      .to.contain('min_workers')
      .and.contain('utilization_low')
      .and.contain('budget');
  });
});
