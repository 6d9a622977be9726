import { type Actor, type Approval, type Plan, type Policy, type Snapshot, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, samplePolicy, sampleSnapshot, startMs } from '../conformance/samples.ts';
import { approve, routeOf } from './approvals.ts';
import { begin, noPlans, told } from './pool-plans.ts';

const nowMs = startMs + 15_000;
const moment = { nowMs, recentMax: 5 };

interface RouteRow {
  says: string;
  counts?: number[];
  plan?: Partial<Plan>;
  policy?: Partial<Policy>;
  snapshot?: Partial<Snapshot>;
  canAct?: boolean;
  /** Where it goes, and the words with which the reason begins. */
  outcome: string;
}

const perHour = (after: number): Partial<Plan> => ({
  cost_impact: {
    currency: 'USD',
    horizon: '1h',
    additional_cost: 0,
    violation_savings: 0,
    net_savings: 0,
    cost_per_hour_before: 0,
    cost_per_hour_after: after,
  },
});
const hard = { cost: { budget_kind: 'hard', hourly_budget: 6 } } as const;
const sure = { scaling: { min_workers: 1, max_workers: 40, confidence_threshold: 0.95 } };
const doubtful: Partial<Snapshot> = {
  quality: { trusted: false, suspects: [{ source: 'queue', reason: 'stale', detail: '' }] },
};

const routes: RouteRow[] = [
  { says: 'small, sure, on trusted data', outcome: 'approved: approved by policy default' },
  { says: 'auto, and nobody can carry it out', canAct: false, outcome: 'proposed: advisory: no actuator' },
  {
    says: 'manual, and nobody can carry it out',
    policy: { mode: 'manual' },
    canAct: false,
    outcome: 'proposed: advisory: no actuator',
  },
  { says: 'advisory', policy: { mode: 'advisory' }, outcome: 'proposed: advisory' },
  {
    says: 'advisory, large',
    policy: { mode: 'advisory' },
    plan: { large_change: true },
    outcome: 'proposed: advisory',
  },
  { says: 'manual', policy: { mode: 'manual' }, outcome: 'awaiting_approval: manual' },
  { says: 'asked for by a person', plan: { requested_by: 'ada' }, outcome: 'awaiting_approval: asked for by ada' },
  { says: 'large', plan: { large_change: true }, outcome: 'awaiting_approval: a large change' },
  {
    says: 'doubtful data, up',
    snapshot: doubtful,
    outcome: 'awaiting_approval: measurements are not trusted: queue is stale',
  },
  {
    says: 'doubtful data without a reason',
    snapshot: { quality: { trusted: false, suspects: [] } },
    outcome: 'awaiting_approval: measurements are not trusted: no reason given',
  },
  { says: 'unsure, up', plan: { confidence: 0.1 }, outcome: 'approved: approved by policy default' },
  {
    says: 'unsure, down',
    counts: [7, 4],
    plan: { confidence: 0.849 },
    outcome: 'awaiting_approval: confidence 0.85 is below 0.85',
  },
  {
    says: 'just sure, down',
    counts: [7, 4],
    plan: { confidence: 0.85 },
    outcome: 'approved: approved by policy default',
  },
  {
    says: 'less sure than the policy wants, down',
    counts: [7, 4],
    plan: { confidence: 0.9 },
    policy: sure,
    outcome: 'awaiting_approval: confidence 0.90 is below 0.95',
  },
  {
    says: 'as dear as the hard budget',
    plan: perHour(6),
    policy: hard,
    outcome: 'approved: approved by policy default',
  },
  {
    says: 'dearer than the hard budget',
    plan: perHour(6.01),
    policy: hard,
    outcome: 'awaiting_approval: 6.01 an hour is more than the hard budget of 6',
  },
  {
    says: 'dearer than the hard budget, and the minimum',
    plan: perHour(7),
    policy: { ...hard, scaling: { min_workers: 7, max_workers: 9 } },
    outcome: 'approved: approved by policy default',
  },
  {
    says: 'dearer than the soft budget',
    plan: perHour(60),
    policy: { cost: { hourly_budget: 6 } },
    outcome: 'approved: approved by policy default',
  },
  {
    says: 'dearer than the hard budget, down',
    counts: [9, 7],
    plan: perHour(7),
    policy: hard,
    outcome: 'approved: approved by policy default',
  },
];

describe('the way of a new plan', () => {
  for (const { says, counts = [4, 7], plan, policy, snapshot, canAct, outcome } of routes) {
    it(`${says}: ${outcome}`, () => {
      const seen = sampleSnapshot(nowMs, 4, snapshot);
      const route = routeOf(samplePlan(counts, plan), samplePolicy(policy), seen, canAct);
      expect(`${route.to}: ${route.reason}`.startsWith(outcome), `${route.to}: ${route.reason}`).to.equal(true);
    });
  }
});

interface ApproveRow {
  says: string;
  plan?: Partial<Plan>;
  planId?: string;
  actor?: Partial<Actor>;
  outcome: string;
}

const waiting = { status: 'awaiting_approval' } as const;
const large = { ...waiting, large_change: true, approvals_needed: 2 };
const by = (id: string): Approval => ({ by: id, at: timestamp(startMs), second_factor: true });

const table: ApproveRow[] = [
  { says: 'shown', plan: { status: 'proposed' }, outcome: 'approved: approved by bob; plan.approved' },
  { says: 'waiting', plan: waiting, outcome: 'approved: approved by bob; plan.approved' },
  {
    says: 'asked for by the same person',
    plan: { ...waiting, requested_by: 'bob' },
    outcome: 'approved: approved by bob; plan.approved',
  },
  {
    says: 'without a second factor',
    plan: waiting,
    actor: { second_factor: false },
    outcome: 'approved: approved by bob; plan.approved',
  },
  {
    says: 'another plan',
    plan: waiting,
    planId: 'plan-other',
    outcome: 'illegal_transition: plan-other is not open any more',
  },
  {
    says: 'approved already',
    plan: { status: 'approved' },
    outcome: 'illegal_transition: plan-7 is approved and needs no approval',
  },
  {
    says: 'carried out',
    plan: { status: 'executing' },
    outcome: 'illegal_transition: plan-7 is executing and needs no approval',
  },
  {
    says: 'at the moment of its expiry',
    plan: { ...waiting, expires_at: timestamp(nowMs) },
    outcome: `illegal_transition: plan-7 expired at ${timestamp(nowMs)}`,
  },
  {
    says: 'a moment before that',
    plan: { ...waiting, expires_at: timestamp(nowMs + 1) },
    outcome: 'approved: approved by bob; plan.approved',
  },
  { says: 'no steps', plan: { ...waiting, steps: [] }, outcome: 'illegal_transition: plan-7 changes nothing' },
  {
    says: 'by a service',
    plan: waiting,
    actor: { kind: 'service' },
    outcome: 'forbidden: bob is a service; plans are approved by people',
  },
  // A large change.
  {
    says: 'large, the first of two',
    plan: large,
    outcome: 'awaiting_approval: approved by bob, 1 more needed; plan.proposed',
  },
  {
    says: 'large and only shown, the first of two',
    plan: { ...large, status: 'proposed' },
    outcome: 'awaiting_approval: approved by bob, 1 more needed; plan.proposed',
  },
  {
    says: 'large, the second of two',
    plan: { ...large, approvals: [by('cyd')] },
    outcome: 'approved: approved by cyd and bob; plan.approved',
  },
  {
    says: 'large, the same person twice',
    plan: { ...large, approvals: [by('bob')] },
    outcome: 'duplicate_approver: bob has approved plan-7 already',
  },
  {
    says: 'large, by who asked for it',
    plan: { ...large, requested_by: 'bob' },
    outcome: 'duplicate_approver: bob asked for plan-7',
  },
  {
    says: 'large, without a second factor',
    plan: large,
    actor: { second_factor: false },
    outcome: 'second_factor_required: plan-7 is a large change: sign in with a second factor',
  },
  {
    says: 'needing nobody by its record',
    plan: { ...waiting, approvals_needed: 0 },
    outcome: 'approved: approved by bob; plan.approved',
  },
];

describe('approve', () => {
  for (const { says, plan, planId = 'plan-7', actor, outcome } of table) {
    it(`${says}: ${outcome}`, () => {
      const sample = samplePlan([4, 7], { approvals_needed: 1, ...plan });
      const state = told({ ...begin(noPlans('shop/checkout'), sample), active: sample });
      const who: Actor = { id: 'bob', kind: 'user', second_factor: true, ...actor };
      const answer = approve(state, { planId, actor: who }, moment);
      const line = answer.ok
        ? `${answer.state.active?.status}: ${answer.state.active?.status_reason}; ${answer.state.outbox.map(({ event }) => event).join(', ')}`
        : `${answer.code}: ${answer.detail}`;
      expect(line).to.equal(outcome);
    });
  }

  it('refuses where no plan stands', () => {
    const request = { planId: 'plan-7', actor: { id: 'bob', kind: 'user' } } as const;
    expect(approve(noPlans('shop/checkout'), request, moment)).to.include({ ok: false, code: 'illegal_transition' });
  });

  it('keeps who said yes, when, with what, and why', () => {
    const state = told(begin(noPlans('shop/checkout'), samplePlan([4, 7])));
    const actor = { id: 'bob', kind: 'user', second_factor: true } as const;
    const answer = approve(state, { planId: 'plan-7', actor, comment: 'go' }, moment);
    expect(answer.ok && answer.state.active?.approvals).to.deep.equal([
      { by: 'bob', at: timestamp(nowMs), second_factor: true, comment: 'go' },
    ]);
  });
});
