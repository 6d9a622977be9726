import { type Plan, type PlanStatus, type Policy, type Snapshot, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, samplePolicy, sampleSnapshot, startMs } from '../conformance/samples.ts';
import { consider, expire, isNearly } from './consider.ts';
import { isAutomatic } from './is-automatic.ts';
import { begin, move, noPlans, type PoolPlans, told } from './pool-plans.ts';

const nowMs = startMs + 15_000;
const moment = { nowMs, recentMax: 5 };

interface Row {
  /** What is so, and what therefore becomes of the pool's plans. */
  says: string;
  /** The plan that stands: its counts, its status, what else is different. */
  active?: [counts: number[], status: PlanStatus, change?: Partial<Plan>];
  /** A plan whose life is over. */
  over?: Plan;
  plannedAtMs?: number;
  /** The counts of the plan that would be made now. */
  draft: number[];
  change?: Partial<Plan>;
  hold?: string;
  policy?: Partial<Policy>;
  snapshot?: Partial<Snapshot>;
  mayApprove?: boolean;
  canAct?: boolean;
  outcome: string;
}

function stateOf({ active, over, plannedAtMs = 0 }: Row): PoolPlans {
  let state = { ...noPlans('shop/checkout'), planned_at_ms: plannedAtMs };
  if (over) state = { ...state, recent: [over] };
  if (!active) return state;
  const [counts, status, change] = active;
  const plan = samplePlan(counts, { id: 'plan-old', ...change });
  return told({ ...begin(state, plan), active: { ...plan, status } });
}

/** Every change that is published, and the plan that stands then. */
function lineOf(before: PoolPlans, after: PoolPlans): string {
  if (after === before) return 'nothing';
  const events = after.outbox.map(({ plan }) => `${plan.id} ${plan.status}`);
  const { active } = after;
  return `${events.join(', ')}; ${active ? `${active.id} stands` : 'none stands'}`;
}

const manual = { mode: 'manual' } as const;
const byAda = { requested_by: 'ada' };
const expired = { expires_at: timestamp(nowMs) };

const table: Row[] = [
  // No plan stands.
  { says: 'nothing to do', draft: [4], outcome: 'nothing' },
  {
    says: 'nothing may be done',
    draft: [4],
    hold: 'policy_disabled',
    outcome: 'nothing',
  },
  { says: 'a need', draft: [4, 7], outcome: 'plan-7 proposed, plan-7 approved; plan-7 stands' },
  { says: 'a need, no receipt', draft: [4, 7], mayApprove: false, outcome: 'plan-7 proposed; plan-7 stands' },
  {
    says: 'a need, manual',
    draft: [4, 7],
    policy: manual,
    outcome: 'plan-7 proposed, plan-7 awaiting_approval; plan-7 stands',
  },
  { says: 'a need, no actuator', draft: [4, 7], canAct: false, outcome: 'plan-7 proposed; plan-7 stands' },
  {
    says: 'a need, manual, no actuator',
    draft: [4, 7],
    policy: manual,
    canAct: false,
    outcome: 'plan-7 proposed; plan-7 stands',
  },
  {
    says: 'a need, advisory',
    draft: [4, 7],
    policy: { mode: 'advisory' },
    outcome: 'plan-7 proposed; plan-7 stands',
  },
  {
    says: 'a need met in part, for a reason',
    draft: [4, 7],
    hold: 'budget',
    outcome: 'plan-7 proposed, plan-7 approved; plan-7 stands',
  },
  {
    says: 'a need for which the same plan was made before',
    draft: [4, 7],
    over: samplePlan([4, 7], { status: 'rejected' }),
    outcome: 'nothing',
  },
  { says: 'a measurement that a plan was made from', draft: [4, 7], plannedAtMs: nowMs, outcome: 'nothing' },
  {
    says: 'a measurement newer than that',
    draft: [4, 7],
    plannedAtMs: nowMs - 1,
    outcome: 'plan-7 proposed, plan-7 approved; plan-7 stands',
  },
  // One is carried out.
  { says: 'carried out', active: [[4, 7], 'executing'], draft: [4, 20], outcome: 'nothing' },
  {
    says: 'carried out, beyond its expiry',
    active: [[4, 7], 'executing', expired],
    draft: [4, 20],
    outcome: 'nothing',
  },
  {
    says: 'carried out, and forbidden by now',
    active: [[4, 7], 'executing'],
    draft: [4],
    hold: 'policy_disabled',
    outcome: 'nothing',
  },
  // One waits, and nothing may or need be done any more.
  {
    says: 'pending, and the policy is disabled',
    active: [[4, 7], 'awaiting_approval'],
    draft: [4],
    hold: 'policy_disabled',
    outcome: 'plan-old cancelled; none stands',
  },
  {
    says: 'a person’s, and the tags disagree',
    active: [[4, 7], 'awaiting_approval', byAda],
    draft: [4],
    hold: 'tags_disagree',
    outcome: 'plan-old cancelled; none stands',
  },
  {
    says: 'approved, and the policy is disabled',
    active: [[4, 7], 'approved'],
    draft: [4],
    hold: 'policy_disabled',
    outcome: 'plan-old cancelled; none stands',
  },
  {
    says: 'pending, and not needed',
    active: [[4, 7], 'awaiting_approval'],
    draft: [4],
    outcome: 'plan-old superseded; none stands',
  },
  ...['at_minimum', 'at_maximum'].map((hold) => ({
    says: `pending, and settled ${hold}`,
    active: [[4, 7], 'proposed'] as [number[], PlanStatus],
    draft: [4],
    hold,
    outcome: 'plan-old superseded; none stands',
  })),
  ...['cooldown', 'between_minutes', 'data_stale', 'frozen'].map((hold) => ({
    says: `pending, and only ${hold}`,
    active: [[4, 7], 'awaiting_approval'] as [number[], PlanStatus],
    draft: [4],
    hold,
    outcome: 'nothing',
  })),
  { says: 'approved, and not needed', active: [[4, 7], 'approved'], draft: [4], outcome: 'nothing' },
  { says: 'a person’s, and not needed', active: [[4, 7], 'awaiting_approval', byAda], draft: [4], outcome: 'nothing' },
  // Its time is over.
  {
    says: 'expired, nothing needed',
    active: [[4, 7], 'awaiting_approval', expired],
    draft: [4],
    outcome: 'plan-old expired; none stands',
  },
  {
    says: 'expired, the same needed',
    active: [[4, 7], 'approved', expired],
    draft: [4, 7],
    outcome: 'plan-old expired, plan-7 proposed, plan-7 approved; plan-7 stands',
  },
  // One waits, and nearly the same is wanted.
  {
    says: 'pending, nearly the same wanted',
    active: [[4, 9], 'awaiting_approval', manual],
    draft: [4, 8],
    policy: manual,
    change: manual,
    outcome: 'nothing',
  },
  {
    says: 'proposed, and now it can be audited',
    active: [[4, 7], 'proposed'],
    draft: [4, 8],
    outcome: 'plan-old approved; plan-old stands',
  },
  {
    says: 'proposed, and still it cannot',
    active: [[4, 7], 'proposed'],
    draft: [4, 8],
    mayApprove: false,
    outcome: 'nothing',
  },
  {
    says: 'proposed, and now a person is needed',
    active: [[7, 4], 'proposed'],
    draft: [7, 4],
    snapshot: { quality: { trusted: false, suspects: [] } },
    outcome: 'plan-old awaiting_approval; plan-old stands',
  },
  {
    says: 'waiting for confidence that has come',
    active: [[7, 4], 'awaiting_approval', { confidence: 0.5 }],
    draft: [7, 4],
    outcome: 'plan-old approved; plan-old stands',
  },
  {
    says: 'waiting for confidence that has not come',
    active: [[7, 4], 'awaiting_approval'],
    draft: [7, 4],
    change: { confidence: 0.5 },
    outcome: 'nothing',
  },
  {
    says: 'pending, and the snapshot is no newer than its own',
    active: [[4, 7], 'proposed'],
    plannedAtMs: nowMs,
    draft: [4, 20],
    outcome: 'plan-old approved; plan-old stands',
  },
  // One waits, and something else is wanted.
  {
    says: 'pending, far more wanted',
    active: [[4, 7], 'awaiting_approval'],
    draft: [4, 10],
    outcome: 'plan-old superseded, plan-10 proposed, plan-10 approved; plan-10 stands',
  },
  {
    says: 'approved, far more wanted',
    active: [[4, 7], 'approved'],
    draft: [4, 10],
    outcome: 'plan-old superseded, plan-10 proposed, plan-10 approved; plan-10 stands',
  },
  {
    says: 'approved, nearly the same wanted',
    active: [[4, 7], 'approved'],
    draft: [4, 8],
    outcome: 'nothing',
  },
  {
    says: 'pending, the other direction wanted',
    active: [[4, 5], 'awaiting_approval'],
    draft: [4, 3],
    outcome: 'plan-old superseded, plan-3 proposed, plan-3 approved; plan-3 stands',
  },
  {
    says: 'a person’s, more wanted than it brings',
    active: [[4, 6], 'awaiting_approval', byAda],
    draft: [4, 7],
    outcome: 'plan-old superseded, plan-7 proposed, plan-7 approved; plan-7 stands',
  },
  {
    says: 'a person’s, as much wanted',
    active: [[4, 7], 'awaiting_approval', byAda],
    draft: [4, 7],
    outcome: 'nothing',
  },
  { says: 'a person’s, fewer wanted', active: [[4, 7], 'awaiting_approval', byAda], draft: [4, 2], outcome: 'nothing' },
  {
    says: 'a person’s down, fewer wanted, though not so few',
    active: [[4, 1], 'awaiting_approval', byAda],
    draft: [4, 2],
    outcome: 'nothing',
  },
  {
    says: 'a person’s that changes nothing',
    active: [[4], 'proposed', byAda],
    draft: [4, 3],
    outcome: 'plan-old superseded, plan-3 proposed, plan-3 approved; plan-3 stands',
  },
];

describe('consider', () => {
  for (const row of table) {
    it(`${row.says}: ${row.outcome}`, () => {
      const before = stateOf(row);
      const after = consider(
        before,
        {
          policy: samplePolicy(row.policy),
          snapshot: sampleSnapshot(nowMs, row.draft[0] as number, row.snapshot),
          draft: samplePlan(row.draft, row.change),
          hold: row.hold,
          mayApprove: row.mayApprove ?? true,
          canAct: row.canAct ?? true,
        },
        moment,
      );
      expect(lineOf(before, after)).to.equal(row.outcome);
    });
  }

  it('remembers the measurement that a plan was made from, and approves with the confidence of today', () => {
    const given = {
      policy: samplePolicy(),
      snapshot: sampleSnapshot(nowMs, 4),
      hold: undefined,
      mayApprove: true,
      canAct: true,
    };
    const made = consider(noPlans('shop/checkout'), { ...given, draft: samplePlan([4, 7]) }, moment);
    expect(made.planned_at_ms).to.equal(nowMs);
    const waiting = stateOf({ says: '', active: [[4, 7], 'proposed', { confidence: 0.3 }], draft: [], outcome: '' });
    const sure = consider(waiting, { ...given, draft: samplePlan([4, 7], { confidence: 0.99 }) }, moment);
    expect(sure.active).to.include({ status: 'approved', confidence: 0.99 });
  });
});

describe('expire', () => {
  for (const [status, leftMs, outcome] of [
    ['proposed', 0, 'expired'],
    ['awaiting_approval', 0, 'expired'],
    ['approved', -1, 'expired'],
    ['approved', 1, 'nothing'],
    ['executing', -1, 'nothing'],
  ] as const) {
    it(`${status}, ${leftMs} ms before its end: ${outcome}`, () => {
      const change = { expires_at: timestamp(nowMs + leftMs) };
      const before = stateOf({ says: '', active: [[4, 7], status, change], draft: [], outcome: '' });
      const after = expire(before, moment);
      expect(after === before ? 'nothing' : after.recent[0]?.status).to.equal(outcome);
    });
  }

  it('changes nothing where no plan stands', () => {
    const none = noPlans('shop/checkout');
    expect(expire(none, moment)).to.equal(none);
  });
});

describe('isNearly', () => {
  for (const [says, pending, next, outcome] of [
    ['the same', samplePlan([10, 20]), samplePlan([10, 20]), true],
    ['a worker more, of few', samplePlan([4, 5]), samplePlan([4, 6]), true],
    ['two workers more, of few', samplePlan([4, 5]), samplePlan([4, 7]), false],
    ['six tenths of what is wanted', samplePlan([10, 16]), samplePlan([10, 20]), true],
    ['less than that', samplePlan([10, 15]), samplePlan([10, 20]), false],
    ['sixteen tenths of it', samplePlan([10, 26]), samplePlan([10, 20]), true],
    ['more than that', samplePlan([10, 27]), samplePlan([10, 20]), false],
    ['a change where none is wanted', samplePlan([4, 5]), samplePlan([4]), false],
    ['the other direction, a worker apart', samplePlan([5, 4]), samplePlan([4, 5]), false],
    ['from a worker fewer', samplePlan([9, 20]), samplePlan([10, 20]), true],
    ['from two workers fewer', samplePlan([8, 20]), samplePlan([10, 20]), false],
    ['of another policy', samplePlan([10, 20], { policy_id: 'other' }), samplePlan([10, 20]), false],
    ['of another mode', samplePlan([10, 20], manual), samplePlan([10, 20]), false],
  ] as const) {
    it(`${says}: ${outcome ? 'stays' : 'gives way'}`, () => {
      expect(isNearly(pending, next)).to.equal(outcome);
    });
  }
});

describe('a plan of the planner’s own', () => {
  it('is one that nobody else asked for', () => {
    expect(isAutomatic(samplePlan([4, 7]))).to.equal(true);
    expect(isAutomatic(samplePlan([4, 7], byAda))).to.equal(false);
  });

  it('ends only as its life allows', () => {
    const state = stateOf({ says: '', active: [[4, 7], 'executing'], draft: [], outcome: '' });
    expect(() => move(state, 'superseded', 'no', moment)).to.throw('executing cannot become superseded');
  });
});
