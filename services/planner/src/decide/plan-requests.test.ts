import { type Plan, type PlanStatus, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, startMs } from '../conformance/samples.ts';
import { endPlan, type RequestOutcome, replacePlan, rollbackTarget } from './plan-requests.ts';
import { begin, noPlans, type PoolPlans, told } from './pool-plans.ts';

const nowMs = startMs + 15_000;
const moment = { nowMs, recentMax: 5 };

function stateOf(status: PlanStatus | undefined, change: Partial<Plan> = {}): PoolPlans {
  if (status === undefined) return noPlans('shop/checkout');
  const plan = samplePlan([4, 7], { id: 'plan-old', ...change, status });
  return told({ ...begin(noPlans('shop/checkout'), plan), active: plan });
}

function lineOf(before: PoolPlans, outcome: RequestOutcome): string {
  if (!outcome.ok) return `${outcome.code}: ${outcome.detail}`;
  if (outcome.state === before) return 'nothing';
  return outcome.state.outbox.map(({ plan }) => `${plan.id} ${plan.status}`).join(', ');
}

describe('replacePlan', () => {
  const asked = samplePlan([4, 6], { requested_by: 'ada' });
  const unchanged = samplePlan([4, 6], { requested_by: 'ada', steps: [] });
  const advisory = samplePlan([4, 6], { requested_by: 'ada', mode: 'advisory' });
  const way = 'plan-6 proposed, plan-6 awaiting_approval';
  for (const [says, before, plan, outcome] of [
    ['where none stands', stateOf(undefined), asked, way],
    ['where one is shown', stateOf('proposed'), asked, `plan-old superseded, ${way}`],
    ['where one waits', stateOf('awaiting_approval'), asked, `plan-old superseded, ${way}`],
    ['where one is approved', stateOf('approved'), asked, `plan-old superseded, ${way}`],
    [
      'where one has expired',
      stateOf('awaiting_approval', { expires_at: timestamp(nowMs) }),
      asked,
      `plan-old expired, ${way}`,
    ],
    [
      'where one is carried out',
      stateOf('executing'),
      asked,
      'illegal_transition: plan-old is being carried out; no new plan until it is over',
    ],
    ['in advisory mode', stateOf(undefined), advisory, 'plan-6 proposed'],
    ['that changes nothing', stateOf(undefined), unchanged, 'plan-6 proposed'],
  ] as const) {
    it(`a person’s plan ${says}: ${outcome}`, () => {
      expect(lineOf(before, replacePlan(before, plan, moment))).to.equal(outcome);
    });
  }
});

describe('endPlan', () => {
  const no = (status: string, to: string) => `illegal_transition: plan-old is ${status} and cannot become ${to}`;
  for (const [status, to, outcome] of [
    ['proposed', 'rejected', 'plan-old rejected'],
    ['proposed', 'cancelled', 'plan-old cancelled'],
    ['awaiting_approval', 'rejected', 'plan-old rejected'],
    ['awaiting_approval', 'cancelled', 'plan-old cancelled'],
    ['approved', 'rejected', 'plan-old rejected'],
    ['approved', 'cancelled', 'plan-old cancelled'],
    ['executing', 'rejected', no('executing', 'rejected')],
    ['executing', 'cancelled', no('executing', 'cancelled')],
  ] as const) {
    it(`${status}, to be ${to}: ${outcome}`, () => {
      const before = stateOf(status);
      const request = { planId: 'plan-old', to, by: 'ada' };
      expect(lineOf(before, endPlan(before, request, moment))).to.equal(outcome);
    });
  }

  for (const [status, to, outcome] of [
    ['cancelled', 'cancelled', 'nothing'],
    ['rejected', 'rejected', 'nothing'],
    ['cancelled', 'rejected', no('cancelled', 'rejected')],
    ['completed', 'cancelled', no('completed', 'cancelled')],
    ['superseded', 'cancelled', no('superseded', 'cancelled')],
  ] as const) {
    it(`over, ${status}, to be ${to}: ${outcome}`, () => {
      const plan = samplePlan([4, 7], { id: 'plan-old', status });
      const before = { ...noPlans('shop/checkout'), recent: [plan] };
      const request = { planId: 'plan-old', to, by: 'ada' };
      expect(lineOf(before, endPlan(before, request, moment))).to.equal(outcome);
    });
  }

  it('refuses a plan that is not there any more', () => {
    const before = stateOf('proposed');
    const outcome = endPlan(before, { planId: 'plan-x', to: 'rejected', by: 'ada' }, moment);
    expect(lineOf(before, outcome)).to.equal('not_found: there is no plan plan-x any more');
  });

  it('says who ended it, and why', () => {
    const end = { planId: 'plan-old', to: 'rejected' as const, by: 'ada' };
    const reasonOf = (outcome: RequestOutcome) => (outcome.ok ? outcome.state.recent[0]?.status_reason : '');
    expect(reasonOf(endPlan(stateOf('proposed'), end, moment))).to.equal('rejected by ada');
    expect(reasonOf(endPlan(stateOf('proposed'), { ...end, comment: 'not today' }, moment))).to.equal(
      'rejected by ada: not today',
    );
  });
});

describe('rollbackTarget', () => {
  for (const [status, current, outcome] of [
    ['completed', 7, 'to 4'],
    ['failed', 5, 'to 4'],
    ['reverted', 5, 'to 4'],
    ['completed', 4, 'illegal_transition: shop/checkout has 4 workers, as before plan-7'],
    ['executing', 7, 'illegal_transition: plan-7 is executing; only what was carried out can be rolled back'],
    ['cancelled', 7, 'illegal_transition: plan-7 is cancelled; only what was carried out can be rolled back'],
    ['approved', 7, 'illegal_transition: plan-7 is approved; only what was carried out can be rolled back'],
  ] as const) {
    it(`${status}, with ${current} workers now: ${outcome}`, () => {
      const verdict = rollbackTarget(samplePlan([4, 7], { status }), current);
      expect(verdict.ok ? `to ${verdict.workers}` : `${verdict.code}: ${verdict.detail}`).to.equal(outcome);
    });
  }
});
