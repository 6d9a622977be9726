import {
  check,
  jsonBytes,
  type Plan,
  type PlanStatus,
  planTransitions,
  type Rollout,
  recordBytesMax,
} from '@capplan/contracts';
import { expect } from 'chai';
import Value from 'typebox/value';
import { ExecutorConfig } from '../config.ts';
import { samplePlan, startMs } from '../conformance/samples.ts';
import { failRollout, holdRollout } from './apply-act.ts';
import { closed, noRollouts, PoolRollouts, startRollout, withActive } from './pool-rollouts.ts';

const config = Value.Create(ExecutorConfig) as ExecutorConfig;

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

  it('keeps the newest finished rollouts, and publishes all, without what their plans were made from', () => {
    const forecast = { ...first.forecast, predicted_lambda: [1, 2] };
    let state = empty;
    for (const target of [6, 7, 8]) {
      const outcome = startRollout(state, samplePlan([4, target], { forecast }), startMs);
      if (!outcome.ok) throw new Error(outcome.detail);
      state = closed(outcome.state, { status: 'finished' }, end);
    }
    expect(state.recent.map(({ plan_id }) => plan_id)).to.deep.equal(['plan-4-8', 'plan-4-7']);
    expect((state.recent[0] as Rollout).plan.forecast.predicted_lambda).to.deep.equal([]);
    expect(state.outbox.at(-1)?.rollout.plan).to.deep.equal((state.recent[0] as Rollout).plan);
    expect(state.outbox.at(-1)?.rollout.plan.steps).to.have.length(1);
    expect(state.active).to.equal(null);
  });
});

describe('the size of the record of a pool’s rollouts', () => {
  it('fits into its store at every write, however large the plans and the reasons', () => {
    const [text, reason] = ['x'.repeat(400), '€'.repeat(2_000)];
    const counts = Array.from({ length: 257 }, (_, i) => 100 + (i % 2));
    const step = { ...(first.steps[0] as Plan['steps'][number]), reason: text };
    let state = empty;
    for (let i = 0; i < 8; i++) {
      const plan = samplePlan(counts, { id: `plan-${i}`, steps: Array.from({ length: 256 }, () => step) });
      const outcome = startRollout(state, plan, startMs);
      if (!outcome.ok) throw new Error(outcome.detail);
      expect(jsonBytes(outcome.state)).to.be.at.most(recordBytesMax);
      const held = holdRollout(outcome.state, 'no_audit_receipt', reason, startMs);
      expect(jsonBytes(held)).to.be.at.most(recordBytesMax);
      const failure = { reason: 'no_actuator', detail: reason } as const;
      state = failRollout(held, failure, { policy: undefined, config, nowMs: startMs });
      expect(jsonBytes(state)).to.be.at.most(recordBytesMax);
      expect(state.recent[0]?.plan_id).to.equal(`plan-${i}`);
      expect(check(PoolRollouts, state).ok).to.equal(true);
    }
    expect(state.recent.length).to.be.within(2, 7);
  });
});
