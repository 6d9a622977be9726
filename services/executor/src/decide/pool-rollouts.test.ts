import { type Plan, type PlanStatus, planTransitions, type Rollout } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, startMs } from '../conformance/samples.ts';
import { closed, noRollouts, type PoolRollouts, startRollout, withActive } from './pool-rollouts.ts';

const empty = noRollouts('shop/checkout');
const begun = (plan: Plan): PoolRollouts => {
  const outcome = startRollout(empty, plan, startMs);
  if (!outcome.ok) throw new Error(outcome.detail);
  return outcome.state;
};
const end = { nowMs: startMs, event: 'rollout.finished', recentMax: 2 } as const;
const over = (plan: Plan) => closed(begun(plan), { status: 'finished' }, end);
const first = samplePlan([4, 6]);

describe('startRollout', () => {
  const table: [string, PoolRollouts, Plan, string][] = [
    ['nothing under way', empty, first, 'started'],
    ['the same plan under way', begun(first), first, 'known_already'],
    ['the same plan carried out before', over(first), first, 'known_already'],
    ['another plan under way', begun(first), samplePlan([6, 9]), 'another_is_running'],
    ['another plan carried out before', over(first), samplePlan([6, 9]), 'started'],
    ...(Object.keys(planTransitions) as PlanStatus[]).map((status): [string, PoolRollouts, Plan, string] => [
      `a plan that is ${status}`,
      empty,
      samplePlan([4, 6], { status }),
      status === 'approved' || status === 'executing' ? 'started' : 'plan_not_approved',
    ]),
  ];
  for (const [says, state, plan, outcome] of table) {
    it(`${says}: ${outcome}`, () => {
      const answer = startRollout(state, plan, startMs);
      expect(answer.ok ? 'started' : answer.reason).to.equal(outcome);
    });
  }

  it('begins with every step pending, and publishes that it began', () => {
    const state = begun(samplePlan([4, 6, 9]));
    expect(state.active?.steps.map((step) => `${step.state} ${step.from_workers}→${step.to_workers}`)).to.deep.equal([
      'pending 4→6',
      'pending 6→9',
    ]);
    expect(state.outbox.map(({ event, version }) => [event, version])).to.deep.equal([['rollout.started', 1]]);
  });
});

describe('the record of a pool’s rollouts', () => {
  it('counts versions up, and keeps only what the newest write has to publish', () => {
    const moved = withActive(begun(first), { reason: 'x' }, { nowMs: startMs, event: 'rollout.stepped' });
    expect(moved.outbox.map(({ event, version }) => [event, version])).to.deep.equal([['rollout.stepped', 2]]);
    expect(withActive(moved, {}, { nowMs: startMs }).outbox).to.deep.equal([]);
  });

  it('changes nothing where nothing is under way', () => {
    expect(() => withActive(empty, {}, { nowMs: startMs })).to.throw('no rollout under way');
  });

  it('keeps the newest finished rollouts, without curves, and publishes them whole', () => {
    const forecast = { ...first.forecast, predicted_lambda: [1, 2] };
    let state = empty;
    for (const target of [6, 7, 8]) {
      const outcome = startRollout(state, samplePlan([4, target], { forecast }), startMs);
      if (!outcome.ok) throw new Error(outcome.detail);
      state = closed(outcome.state, { status: 'finished' }, end);
    }
    expect(state.recent.map(({ plan_id }) => plan_id)).to.deep.equal(['plan-4-8', 'plan-4-7']);
    expect((state.recent[0] as Rollout).plan.forecast.predicted_lambda).to.deep.equal([]);
    expect(state.outbox.at(-1)?.rollout.plan.forecast.predicted_lambda).to.deep.equal([1, 2]);
    expect(state.active).to.equal(null);
  });
});
