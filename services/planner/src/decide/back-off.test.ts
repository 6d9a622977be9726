import { type Plan, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, samplePolicy, samplePool, startMs } from '../conformance/samples.ts';
import { actedMsOf, type Failing, failingAfter, failuresBefore, failuresBeforeEnd, pauseOf } from './back-off.ts';

const minuteMs = 60_000;
const at = (minutes: number) => startMs + minutes * minuteMs;
const up = (change: Partial<Plan> = {}) => samplePlan([4, 7], change);
const down = (change: Partial<Plan> = {}) => samplePlan([4, 2], change);

/** As it stands after so many failures in a row, the last at minute 0. */
function entry(change: Partial<Failing> = {}): Failing {
  return {
    direction: 'up',
    reason: 'outside_hard_caps',
    failures: 1,
    failed_at_ms: at(0),
    until_ms: at(1),
    target_workers: 7,
    ...change,
  };
}

const lineOf = (failing: readonly Failing[]) =>
  failing
    .map(
      ({ direction, reason, failures, until_ms, target_workers: most }) =>
        `${direction} ${reason} ${failures}, to ${most}, waits ${(until_ms - at(0)) / minuteMs} min`,
    )
    .join('; ') || 'none';

describe('what is remembered of failures', () => {
  const failed = (reason: string) => ({ status: 'failed' as const, reason: `${reason}: why` });
  const again = (failures: number, change: Partial<Plan> = {}) => up({ failures_before: failures, ...change });
  const two = entry({ failures: 2 });
  const table: [
    says: string,
    before: Failing[],
    plan: Plan,
    end: { status: 'completed' | 'failed' | 'reverted'; reason: string },
    outcome: string,
  ][] = [
    ['a first failure', [], up(), failed('outside_hard_caps'), 'up outside_hard_caps 1, to 7, waits 1 min'],
    ['a first failure down', [], down(), failed('no_actuator'), 'down no_actuator 1, to 2, waits 1 min'],
    [
      'one that was undone',
      [],
      up(),
      { status: 'reverted', reason: 'workers_did_not_arrive: 4 of 7' },
      'up workers_did_not_arrive 1, to 7, waits 1 min',
    ],
    [
      'undoing failed too',
      [],
      up(),
      failed('workers_did_not_arrive: 4 of 7; undoing it failed: pool_moved'),
      'up workers_did_not_arrive 1, to 7, waits 1 min',
    ],
    ['the second', [entry()], again(1), failed('outside_hard_caps'), 'up outside_hard_caps 2, to 7, waits 2 min'],
    ['the third', [two], again(2), failed('outside_hard_caps'), 'up outside_hard_caps 3, to 7, waits 4 min'],
    [
      'the sixth',
      [entry({ failures: 5 })],
      again(5),
      failed('outside_hard_caps'),
      'up outside_hard_caps 6, to 7, waits 32 min',
    ],
    [
      'the seventh',
      [entry({ failures: 6 })],
      again(6),
      failed('outside_hard_caps'),
      'up outside_hard_caps 7, to 7, waits 60 min',
    ],
    [
      'the two thousandth',
      [entry({ failures: 1999 })],
      again(1999),
      failed('outside_hard_caps'),
      'up outside_hard_caps 2000, to 7, waits 60 min',
    ],
    [
      'the fourth of what heals by itself',
      [entry({ reason: 'held_too_long', failures: 3 })],
      again(3),
      failed('held_too_long'),
      'up held_too_long 4, to 7, waits 5 min',
    ],
    ['another reason', [two], again(2), failed('no_actuator'), 'up no_actuator 1, to 7, waits 1 min'],
    [
      'the same reason, after a person has done something',
      [two],
      up(),
      failed('outside_hard_caps'),
      'up outside_hard_caps 1, to 7, waits 1 min',
    ],
    [
      'the same reason, an hour after the last pause and more',
      [two],
      again(2, { created_at: timestamp(at(61) + 1) }),
      failed('outside_hard_caps'),
      'up outside_hard_caps 1, to 7, waits 1 min',
    ],
    [
      'the same reason, within that hour',
      [two],
      again(2, { created_at: timestamp(at(61)) }),
      failed('outside_hard_caps'),
      'up outside_hard_caps 3, to 7, waits 4 min',
    ],
    [
      'fewer workers failed',
      [entry({ target_workers: 9 })],
      again(1),
      failed('outside_hard_caps'),
      'up outside_hard_caps 2, to 9, waits 2 min',
    ],
    [
      'the other direction',
      [two],
      down(),
      failed('frozen'),
      'up outside_hard_caps 2, to 7, waits 1 min; down frozen 1, to 2, waits 1 min',
    ],
    ['a person cancelled it', [two], again(2), failed('cancelled'), 'up outside_hard_caps 2, to 7, waits 1 min'],
    ['a newer plan took its place', [], up(), failed('plan_overtaken'), 'none'],
    ['a person’s failed', [], up({ requested_by: 'ada' }), failed('outside_hard_caps'), 'none'],
    ['one was carried out', [two], again(2), { status: 'completed', reason: 'carried out' }, 'none'],
    ['a person’s was carried out', [two], up({ requested_by: 'ada' }), { status: 'completed', reason: '' }, 'none'],
    [
      'one of the other direction was carried out',
      [two],
      down(),
      { status: 'completed', reason: 'carried out' },
      'up outside_hard_caps 2, to 7, waits 1 min',
    ],
  ];
  for (const [says, before, plan, end, outcome] of table) {
    it(`${says}: ${outcome}`, () => {
      expect(lineOf(failingAfter(before, plan, { ...end, nowMs: at(0) }))).to.equal(outcome);
    });
  }

  it('is the very same where nothing changes', () => {
    const before = [entry()];
    expect(failingAfter(before, down(), { status: 'completed', reason: '', nowMs: at(0) })).to.equal(before);
  });
});

describe('how many failed before', () => {
  const ended = (status: 'completed' | 'failed', reason = 'outside_hard_caps: why') => ({ status, reason });
  const three = [entry({ failures: 3 })];
  for (const [says, plan, actedMs, atBirth, atEnd] of [
    ['one that fails again', up({ failures_before: 3 }), at(-5), 3, [ended('failed'), 3]],
    ['one that fails for another reason', up({ failures_before: 3 }), at(-5), 3, [ended('failed', 'frozen: x'), 0]],
    ['one that works', up({ failures_before: 3 }), at(-5), 3, [ended('completed'), 3]],
    ['one that fails after a person’s help', up(), at(1), 0, [ended('failed'), 0]],
    ['one that works after a person’s help', up(), at(1), 0, [ended('completed'), 3]],
    ['one that works an age later', up({ created_at: timestamp(at(600)) }), at(-5), 0, [ended('completed'), 0]],
    ['one of the other direction', down(), at(-5), 0, [ended('completed'), 0]],
  ] as const) {
    it(`${says}: ${atBirth} when it is made, ${atEnd[1]} when it has ended`, () => {
      expect(failuresBefore(three, plan, actedMs)).to.equal(atBirth);
      expect(failuresBeforeEnd(three, plan, atEnd[0])).to.equal(atEnd[1]);
    });
  }
});

describe('what a person does about it', () => {
  const changedAt = (minutes: number) => ({ updated_at: timestamp(at(minutes)) });
  for (const [says, pool, policy, plans, outcome] of [
    ['the pool was changed last', 5, 3, [], 5],
    ['the policy was changed last', 1, 3, [], 3],
    ['a count was ordered last', 1, 3, [up({ requested_by: 'ada', created_at: timestamp(at(7)) })], 7],
    ['the planner’s own plans do not count', 1, 3, [up({ created_at: timestamp(at(7)) })], 3],
  ] as const) {
    it(says, () => {
      const acted = actedMsOf(samplePool(changedAt(pool)), samplePolicy(changedAt(policy)), plans);
      expect(acted).to.equal(at(outcome));
    });
  }
});

describe('what is held back', () => {
  const passing = entry({ reason: 'workers_did_not_arrive', failures: 4, until_ms: at(5) });
  const lasting = entry({ failures: 4, until_ms: at(8) });
  const table: [
    says: string,
    failing: Failing[],
    counts: [number, number],
    minute: number,
    acted: number,
    held: boolean,
  ][] = [
    ['nothing ever failed', [], [4, 7], 0.5, -9, false],
    ['inside the pause', [lasting], [4, 7], 7.9, -9, true],
    ['at its end', [lasting], [4, 7], 8, -9, false],
    ['inside the pause, fewer wanted', [lasting], [4, 5], 2, -9, true],
    ['inside the pause, more wanted', [lasting], [4, 20], 2, -9, true],
    ['inside the pause, the other direction', [lasting], [4, 2], 2, -9, false],
    ['nothing wanted', [lasting], [4, 4], 2, -9, false],
    ['the pool was changed since', [lasting], [4, 7], 2, 0.1, false],
    ['the pool was changed before', [lasting], [4, 7], 2, -0.1, true],
    ['it heals by itself, as many wanted', [passing], [4, 7], 2, -9, true],
    ['it heals by itself, more wanted, within a minute', [passing], [4, 8], 0.9, -9, true],
    ['it heals by itself, more wanted, after a minute', [passing], [4, 8], 1, -9, false],
    ['down, it heals by itself, fewer wanted', [{ ...passing, direction: 'down' }], [9, 1], 2, -9, true],
    ['down, it heals by itself, not so few wanted', [{ ...passing, direction: 'down' }], [9, 8], 2, -9, true],
  ];
  for (const [says, failing, [current_workers, target_workers], minute, acted, held] of table) {
    it(`${says}: ${held ? 'held' : 'goes on'}`, () => {
      const ground = { nowMs: at(minute), actedMs: at(acted) };
      const pause = pauseOf(failing, { current_workers, target_workers }, ground);
      expect(pause !== undefined).to.equal(held);
      if (pause) expect(pause).to.include({ workers: current_workers, rule: 'backing_off', hold: 'backing_off' });
    });
  }

  it('says what failed, how often, until when it waits, and what ends that', () => {
    const ground = { nowMs: at(1), actedMs: at(-9) };
    expect(pauseOf([lasting], { current_workers: 4, target_workers: 7 }, ground)?.detail).to.equal(
      '4 automatic plans up in a row failed (outside_hard_caps); the next waits until 2026-03-02T12:08:00.000Z, or until the pool or its policy is changed or a count is ordered',
    );
    expect(
      pauseOf([entry()], { current_workers: 4, target_workers: 7 }, { ...ground, nowMs: at(0.5) })?.detail,
    ).to.match(/^the last automatic plan up failed/);
  });
});
