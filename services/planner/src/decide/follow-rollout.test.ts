import { type PlanStatus, type Rollout, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, sampleRollout, startMs } from '../conformance/samples.ts';
import { followRollout, lastDueMs } from './follow-rollout.ts';
import { begin, noPlans, type PoolPlans, told } from './pool-plans.ts';

const nowMs = startMs + 15_000;
const moment = { nowMs, recentMax: 5 };

function stateOf(status: PlanStatus | undefined): PoolPlans {
  if (status === undefined) return noPlans('shop/checkout');
  const plan = samplePlan([4, 7], { status });
  return told({ ...begin(noPlans('shop/checkout'), plan), active: plan });
}

const table: [before: PlanStatus | undefined, rollout: Rollout['status'], planId: string, outcome: string][] = [
  ['approved', 'running', 'plan-7', 'executing; plan.executing'],
  ['approved', 'held', 'plan-7', 'executing; plan.executing'],
  ['approved', 'finished', 'plan-7', 'over, completed; plan.executing, plan.completed'],
  ['approved', 'reverted', 'plan-7', 'over, reverted; plan.executing, plan.reverted'],
  // It failed before anything was begun.
  ['approved', 'failed', 'plan-7', 'over, failed; plan.failed'],
  ['executing', 'running', 'plan-7', 'executing; nothing published'],
  ['executing', 'held', 'plan-7', 'executing; nothing published'],
  ['executing', 'finished', 'plan-7', 'over, completed; plan.completed'],
  ['executing', 'failed', 'plan-7', 'over, failed; plan.failed'],
  ['executing', 'reverted', 'plan-7', 'over, reverted; plan.reverted'],
  // Of another plan than the one that stands.
  ['approved', 'finished', 'plan-other', 'approved; nothing published'],
  ['executing', 'failed', 'plan-other', 'executing; nothing published'],
  [undefined, 'finished', 'plan-7', 'none; nothing published'],
];

describe('followRollout', () => {
  for (const [before, status, planId, outcome] of table) {
    it(`${before ?? 'no plan'}, the rollout of ${planId} ${status}: ${outcome}`, () => {
      const rollout = sampleRollout(samplePlan([4, 7], { id: planId }), status, startMs);
      const { active, recent, outbox } = followRollout(stateOf(before), rollout, moment);
      const plan = active ?? recent[0];
      const is = plan ? `${active ? '' : 'over, '}${plan.status}` : 'none';
      expect(`${is}; ${outbox.map(({ event }) => event).join(', ') || 'nothing published'}`).to.equal(outcome);
    });
  }

  for (const status of ['proposed', 'awaiting_approval'] as const) {
    it(`refuses to end a plan that was never approved: ${status}, finished`, () => {
      const rollout = sampleRollout(samplePlan([4, 7]), 'finished', startMs);
      expect(followRollout(stateOf(status), rollout, moment).active?.status).to.equal(status);
    });
  }

  it('says why a plan ended in the words of its rollout', () => {
    const rollout = { ...sampleRollout(samplePlan([4, 7]), 'failed', startMs), reason: 'pool_moved: away' };
    expect(followRollout(stateOf('executing'), rollout, moment).recent[0]?.status_reason).to.equal('pool_moved: away');
  });
});

describe('what is remembered of failures', () => {
  const failed = (id: string, before = 0) => {
    const plan = samplePlan([4, 7], { id, ...(before > 0 ? { failures_before: before } : {}), status: 'executing' });
    return { plan, rollout: { ...sampleRollout(plan, 'failed', startMs), reason: 'no_actuator: why' } };
  };
  const standing = (state: PoolPlans, plan: typeof first.plan): PoolPlans => told({ ...state, active: plan });
  const first = failed('plan-1');
  const second = failed('plan-2', 1);

  it('is kept with the plans, and said by the plan that has ended', () => {
    const once = followRollout(standing(stateOf(undefined), first.plan), first.rollout, moment);
    expect(once.failing?.map(({ reason, failures }) => [reason, failures])).to.deep.equal([['no_actuator', 1]]);
    expect(once.outbox[0]?.plan).to.not.have.property('failures_before');
    const twice = followRollout(standing(once, second.plan), second.rollout, moment);
    expect(twice.failing?.map(({ failures }) => failures)).to.deep.equal([2]);
    expect(twice.outbox[0]?.plan.failures_before).to.equal(1);
    const other = { ...second.rollout, reason: 'pool_moved: why' };
    const another = followRollout(standing(once, second.plan), other, moment);
    expect(another.failing?.map(({ failures }) => failures)).to.deep.equal([1]);
    expect(another.outbox[0]?.plan.failures_before, 'another reason is news').to.equal(0);
    const helped = samplePlan([4, 7], { id: 'plan-3', status: 'executing' });
    const done = followRollout(standing(twice, helped), sampleRollout(helped, 'finished', startMs), moment);
    expect(done.failing).to.deep.equal([]);
    expect(done.outbox[0]?.plan.failures_before, 'it is over').to.equal(2);
  });

  it('takes no room where nothing ever failed', () => {
    const plan = samplePlan([4, 7], { status: 'executing' });
    const done = followRollout(standing(stateOf(undefined), plan), sampleRollout(plan, 'finished', startMs), moment);
    expect(done).to.not.have.property('failing');
  });
});

describe('the changes that rollouts made', () => {
  const other = (steps: Rollout['steps']): Rollout => ({
    ...sampleRollout(samplePlan([4, 7], { id: 'plan-other' }), 'running', startMs),
    steps,
  });
  const step = (index: number, sec: number | undefined, before?: number): Rollout['steps'][number] => ({
    index,
    state: 'ordered',
    from_workers: 4,
    to_workers: 7,
    ...(sec === undefined ? {} : { ordered_at: timestamp(startMs + 1000 * sec) }),
    ...(before === undefined ? {} : { workers_before: before }),
  });
  const linesOf = (state: PoolPlans) =>
    state.changes.map(
      ({ time_ms: ms, from_workers, to_workers }) => `${(ms - startMs) / 1000}: ${from_workers}→${to_workers}`,
    );

  for (const [says, steps, outcome] of [
    ['a step that was ordered', [step(0, 10)], ['10: 4→7']],
    ['a step that found another count', [step(0, 10, 5)], ['10: 5→7']],
    ['a step that was not ordered', [step(0, undefined)], []],
    ['two steps, the later first', [step(1, 20), step(0, 10)], ['10: 4→7', '20: 4→7']],
  ] as const) {
    it(`${says}: ${outcome.join(', ') || 'none'}`, () => {
      expect(linesOf(followRollout(stateOf(undefined), other([...steps]), moment))).to.deep.equal(outcome);
    });
  }

  it('counts each step once, whoever says it and however often', () => {
    const once = followRollout(stateOf(undefined), other([step(0, 10)]), moment);
    expect(followRollout(once, other([step(0, 10)]), moment)).to.equal(once);
    expect(linesOf(followRollout(once, other([step(0, 10), step(1, 20)]), moment))).to.have.length(2);
  });

  it('keeps the newest 64', () => {
    const steps = Array.from({ length: 70 }, (_, index) => step(index, index));
    const { changes } = followRollout(stateOf(undefined), other(steps), moment);
    expect(changes.map(({ index }) => index)).to.deep.equal(Array.from({ length: 64 }, (_, index) => index + 6));
  });
});

describe('lastDueMs', () => {
  for (const [says, plan, sec] of [
    ['its last step', samplePlan([4, 7, 9]), 30],
    ['its last word, when that came later', samplePlan([4, 7, 9], { updated_at: timestamp(startMs + 90_000) }), 90],
    ['its last word, without steps', samplePlan([4]), 0],
  ] as const) {
    it(`is ${says}`, () => expect(lastDueMs(plan) - startMs).to.equal(1000 * sec));
  }
});
