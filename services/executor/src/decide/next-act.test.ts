import { type Plan, type Policy, type Pool, type Rollout, type StepRecord, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import Value from 'typebox/value';
import { ExecutorConfig } from '../config.ts';
import { samplePlan, samplePolicy, samplePool, startMs } from '../conformance/samples.ts';
import { type Facts, factsNeeded, isBeforeTime, nextAct } from './next-act.ts';
import { type Driving, noRollouts, type PoolRollouts, startRollout } from './pool-rollouts.ts';

const config = { ...(Value.Create(ExecutorConfig) as ExecutorConfig), holdMaxMs: 120_000 };
const beginMs = startMs + 6000;

interface Row {
  /** What is so, and what therefore is done. */
  says: string;
  counts?: number[];
  plan?: Partial<Plan>;
  /** The plan as the planner holds it now; undefined: nobody was asked. */
  answer?: Facts['plan'] | Partial<Plan>;
  pool?: Partial<Pool> | null;
  policy?: Partial<Policy> | null;
  load?: Partial<NonNullable<Facts['load']>> | null;
  actual?: Partial<Extract<NonNullable<Facts['actual']>, { ok: true }>> | { ok: false; detail: string } | null;
  rollout?: Partial<Rollout>;
  /** What is different about each step's record. */
  steps?: Partial<StepRecord>[];
  driving?: Partial<Driving>;
  atMs?: number;
  /** The act, and its reason where it has one. */
  act: string;
}

/** Two steps from four workers, a claimed plan, fresh and trusted measurements, four workers in their places. */
function stateOf({ counts = [4, 6], plan = {}, steps = [], driving = {}, rollout: change = {} }: Row): PoolRollouts {
  const outcome = startRollout(noRollouts('shop/checkout'), samplePlan(counts, plan), startMs);
  if (!outcome.ok || !outcome.state.active) throw new Error('the sample is approved');
  const { active } = outcome.state;
  const rollout = { ...active, ...change, steps: active.steps.map((step, index) => ({ ...step, ...steps[index] })) };
  return { ...outcome.state, active: rollout, driving: { ...outcome.state.driving, ...driving } };
}

function factsOf(row: Row, atMs: number): Facts {
  const plan = samplePlan(row.counts ?? [4, 6], { status: 'executing', ...row.plan });
  const claimed: Facts['plan'] = { ok: true, plan };
  const isWhole = row.answer !== undefined && 'ok' in row.answer;
  const answer = isWhole ? (row.answer as Facts['plan']) : { ok: true as const, plan: { ...plan, ...row.answer } };
  const actual = row.actual;
  return {
    plan: 'answer' in row ? (row.answer === undefined ? undefined : answer) : claimed,
    pool: row.pool === null ? undefined : samplePool(row.pool),
    policy: row.policy === null ? undefined : samplePolicy(row.policy),
    load:
      row.load === null
        ? undefined
        : {
            timestampMs: atMs - 5000,
            intervalMs: 15_000,
            trusted: true,
            offeredSlots: 4,
            busySlots: 3,
            serviceSecP95: 2,
            ...row.load,
          },
    ...(actual === null
      ? {}
      : { actual: actual && 'detail' in actual ? actual : { ok: true, workers: 4, ready: 4, ...actual } }),
  };
}

const orderedAt = (ms: number, change: Partial<StepRecord> = {}): Partial<StepRecord> => ({
  state: 'ordered',
  ordered_at: timestamp(ms),
  workers_before: 4,
  audit_receipt: 'r',
  ...change,
});
const settledAt = (ms: number): Partial<StepRecord> => ({ ...orderedAt(ms), state: 'settled', workers_after: 6 });

const floor = { scaling: { min_workers: 1, max_workers: 40, floor_only: true } };

const table: Row[] = [
  // The plan.
  { says: 'nobody asked the planner', answer: undefined, act: 'hold planner_silent' },
  {
    says: 'the planner is silent',
    answer: { ok: false, reason: 'unavailable', detail: '' },
    act: 'hold planner_silent',
  },
  { says: 'no such plan', answer: { ok: false, reason: 'not_found', detail: '' }, act: 'fail plan_not_found' },
  { says: 'the plan was cancelled', answer: { status: 'cancelled' }, act: 'fail cancelled' },
  { says: 'the plan was superseded', answer: { status: 'superseded' }, act: 'fail plan_overtaken' },
  { says: 'the plan has expired', answer: { status: 'expired' }, act: 'fail plan_overtaken' },
  { says: 'not claimed yet, a moment ago', answer: { status: 'approved' }, atMs: startMs + 4000, act: 'wait' },
  { says: 'not claimed for too long', answer: { status: 'approved' }, act: 'hold plan_not_claimed' },
  { says: 'other steps than were approved', answer: { steps: samplePlan([4, 7]).steps }, act: 'fail plan_changed' },
  {
    says: 'steps that do not lead on from each other',
    plan: { steps: [...samplePlan([4, 6]).steps, ...samplePlan([5, 7]).steps] },
    act: 'fail illegal_step',
  },
  // Its time.
  { says: 'due now', act: 'begin_step 0 from 4' },
  { says: 'not due yet', steps: [settledAt(startMs)], counts: [4, 6, 8], actual: { workers: 6 }, act: 'wait' },
  {
    says: 'due, and the step before went as planned',
    counts: [4, 6, 8],
    steps: [settledAt(startMs)],
    actual: { workers: 6 },
    atMs: startMs + 30_000,
    act: 'begin_step 1 from 6',
  },
  {
    says: 'the step before came late, and this one keeps its distance',
    counts: [4, 6, 8],
    steps: [settledAt(startMs + 20_000)],
    actual: { workers: 6 },
    atMs: startMs + 49_000,
    act: 'wait',
  },
  { says: 'late within the bound', atMs: startMs + 120_000, act: 'begin_step 0 from 4' },
  { says: 'late beyond the bound', atMs: startMs + 120_001, act: 'fail held_too_long' },
  {
    says: 'on its way back, held beyond the bound',
    driving: { reverting: 'why', held_since_ms: startMs },
    atMs: startMs + 120_001,
    act: 'fail held_too_long',
  },
  {
    says: 'on its way back, and not held',
    driving: { reverting: 'why' },
    atMs: startMs + 900_000,
    act: 'begin_step 0 from 4',
  },
  { says: 'all steps done', steps: [settledAt(startMs)], act: 'finish' },
  // Pool, policy and caps.
  { says: 'the pool is gone', pool: null, act: 'fail pool_gone' },
  { says: 'the pool names no actuator', pool: { actuator: { kind: 'none' } }, act: 'fail no_actuator' },
  { says: 'no policy', policy: null, act: 'fail policy_gone' },
  { says: 'the policy is disabled', policy: { enabled: false }, act: 'fail policy_disabled' },
  {
    says: 'a disabled policy on the way back',
    policy: { enabled: false },
    driving: { reverting: 'x' },
    act: 'begin_step 0 from 4',
  },
  {
    says: 'above the policy',
    policy: { scaling: { min_workers: 1, max_workers: 5 } },
    act: 'fail outside_policy_limits',
  },
  {
    says: 'above the hard cap',
    counts: [4, 1001],
    policy: { scaling: { min_workers: 1, max_workers: 2000 } },
    act: 'fail outside_hard_caps',
  },
  {
    says: 'above the hard cap on the way back',
    counts: [4, 1001],
    driving: { reverting: 'x' },
    act: 'fail outside_hard_caps',
  },
  // Where the pool is.
  { says: 'the actuator was not asked', actual: null, act: 'hold actuator_unreachable' },
  { says: 'the actuator is silent', actual: { ok: false, detail: '' }, act: 'hold actuator_unreachable' },
  { says: 'another controller', actual: { owner: 'HPA' }, act: 'fail pool_owned_elsewhere' },
  { says: 'there already', actual: { workers: 6 }, act: 'settle 0 at 6' },
  { says: 'above a floor that is to be set', policy: floor, actual: { workers: 9 }, act: 'settle 0 at 9' },
  { says: 'below a floor that is to be set', policy: floor, actual: { workers: 5 }, act: 'begin_step 0 from 5' },
  { says: 'half way', actual: { workers: 5 }, act: 'begin_step 0 from 5' },
  { says: 'a worker fewer', actual: { workers: 3 }, act: 'begin_step 0 from 3' },
  { says: 'elsewhere', actual: { workers: 9 }, act: 'fail pool_moved' },
  // The measurements.
  { says: 'none yet', load: null, act: 'hold metrics_missing' },
  { says: 'none yet, on the way back', load: null, driving: { reverting: 'x' }, act: 'begin_step 0 from 4' },
  { says: 'just fresh', load: { timestampMs: beginMs - 60_000 }, act: 'begin_step 0 from 4' },
  { says: 'stale', load: { timestampMs: beginMs - 60_001 }, act: 'hold metrics_stale' },
  {
    says: 'old, of long intervals',
    load: { timestampMs: beginMs - 180_000, intervalMs: 60_000 },
    act: 'begin_step 0 from 4',
  },
  { says: 'doubtful, up', load: { trusted: false }, act: 'begin_step 0 from 4' },
  { says: 'doubtful, down', counts: [4, 3], load: { trusted: false }, act: 'hold metrics_untrusted' },
  { says: 'down to what is offered', counts: [4, 2], load: { offeredSlots: 4 }, act: 'begin_step 0 from 4' },
  { says: 'down below what is offered', counts: [4, 2], load: { offeredSlots: 4.1 }, act: 'fail demand_has_risen' },
  {
    says: 'down below what is offered, ordered by a person',
    counts: [4, 2],
    plan: { requested_by: 'ada' },
    load: { offeredSlots: 4.1 },
    act: 'begin_step 0 from 4',
  },
  { says: 'down to what is busy', counts: [4, 2], load: { busySlots: 4 }, act: 'begin_step 0 from 4' },
  { says: 'down below what is busy', counts: [4, 2], load: { busySlots: 5 }, act: 'fail demand_has_risen' },
  {
    says: 'down below what is busy, ordered by a person',
    counts: [4, 2],
    plan: { requested_by: 'ada' },
    load: { busySlots: 5 },
    act: 'begin_step 0 from 4',
  },
  { says: 'up below what is offered', load: { offeredSlots: 40 }, act: 'begin_step 0 from 4' },
  // Ordered, and not yet settled.
  { says: 'the order was not given', steps: [orderedAt(startMs)], act: 'order 0' },
  { says: 'workers are starting', steps: [orderedAt(startMs)], actual: { workers: 6, ready: 5 }, act: 'wait' },
  { says: 'workers are there', steps: [orderedAt(startMs)], actual: { workers: 6, ready: 6 }, act: 'settle 0 at 6' },
  {
    says: 'more are there than a floor asks for, and those of the order are not ready',
    policy: floor,
    steps: [orderedAt(startMs)],
    actual: { workers: 9, ready: 5 },
    act: 'wait',
  },
  {
    says: 'more are there than a floor asks for',
    policy: floor,
    steps: [orderedAt(startMs)],
    actual: { workers: 9, ready: 7 },
    act: 'settle 0 at 9',
  },
  {
    says: 'workers are leaving',
    counts: [4, 2],
    steps: [orderedAt(startMs)],
    actual: { workers: 2, ready: 3 },
    act: 'wait',
  },
  {
    says: 'workers have left',
    counts: [4, 2],
    steps: [orderedAt(startMs)],
    actual: { workers: 2, ready: 2 },
    act: 'settle 0 at 2',
  },
  {
    says: 'workers are late within twice the start-up and a grace',
    steps: [orderedAt(startMs)],
    actual: { workers: 6, ready: 5 },
    atMs: startMs + 80_000,
    act: 'wait',
  },
  {
    says: 'workers are later than that',
    steps: [orderedAt(startMs)],
    actual: { workers: 6, ready: 5 },
    atMs: startMs + 80_001,
    act: 'fail workers_did_not_arrive',
  },
  {
    says: 'the order was refused until it was too late',
    rollout: { status: 'held', reason: 'stale_fencing_token: 3 is older than 9' },
    steps: [orderedAt(startMs)],
    atMs: startMs + 80_001,
    act: 'fail held_too_long',
  },
  {
    says: 'the order was taken after a hold, and workers are late',
    rollout: { status: 'held', reason: 'stale_fencing_token: 3 is older than 9' },
    steps: [orderedAt(startMs)],
    actual: { workers: 6, ready: 5 },
    atMs: startMs + 80_001,
    act: 'fail workers_did_not_arrive',
  },
  { says: 'the pool is gone after the order', steps: [orderedAt(startMs)], pool: null, act: 'fail pool_gone' },
  {
    says: 'the actuator is silent after the order',
    steps: [orderedAt(startMs)],
    actual: { ok: false, detail: '' },
    act: 'hold actuator_unreachable',
  },
  {
    says: 'the actuator is silent for too long',
    steps: [orderedAt(startMs)],
    actual: { ok: false, detail: '' },
    atMs: startMs + 80_001,
    act: 'fail held_too_long',
  },
  {
    says: 'another controller after the order',
    steps: [orderedAt(startMs)],
    actual: { owner: 'HPA' },
    act: 'fail pool_owned_elsewhere',
  },
  {
    says: 'nothing but the actuator matters after the order',
    steps: [orderedAt(startMs)],
    answer: undefined,
    load: null,
    policy: null,
    act: 'order 0',
  },
];

describe('nextAct', () => {
  for (const row of table) {
    it(`${row.says}: ${row.act}`, () => {
      const atMs = row.atMs ?? beginMs;
      const act = nextAct(stateOf(row), factsOf(row, atMs), config, atMs);
      const said = [
        act.do,
        ...('reason' in act ? [act.reason] : []),
        ...('step' in act ? [act.step.index] : []),
        ...(act.do === 'begin_step' ? [`from ${act.workersBefore}`] : []),
        ...(act.do === 'settle' ? [`at ${act.workersAfter}`] : []),
      ];
      expect(said.join(' ')).to.equal(row.act);
    });
  }

  it('waits where nothing is under way', () => {
    expect(nextAct(noRollouts('shop/checkout'), factsOf(table[0] as Row, startMs), config, startMs)).to.deep.equal({
      do: 'wait',
    });
  });
});

describe('what is to be asked before an act', () => {
  const cases: [string, Row, number, ReturnType<typeof factsNeeded>, boolean][] = [
    ['a step that is due', {} as Row, startMs, 'all', false],
    ['a step that is not due', { plan: { steps: samplePlan([2, 4, 6]).steps.slice(1) } } as Row, startMs, 'none', true],
    ['a step on the way back', { driving: { reverting: 'x' } } as Row, startMs, 'actual', false],
    ['a step under way', { steps: [orderedAt(startMs)] } as Row, startMs, 'actual', false],
    ['nothing left', { steps: [settledAt(startMs)] } as Row, startMs, 'none', false],
  ];
  for (const [says, row, atMs, needed, isEarly] of cases) {
    it(`${says}: ${needed}${isEarly ? ', and no lease' : ''}`, () => {
      expect(factsNeeded(stateOf(row), atMs)).to.equal(needed);
      expect(isBeforeTime(stateOf(row), atMs)).to.equal(isEarly);
    });
  }
});
