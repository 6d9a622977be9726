import { type Rollout, type StepRecord, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import Value from 'typebox/value';
import { ExecutorConfig } from '../config.ts';
import { samplePlan, samplePolicy, startMs } from '../conformance/samples.ts';
import { beginStep, failRollout, finishRollout, holdRollout, resumeRollout, settleStep } from './apply-act.ts';
import { type Driving, noRollouts, type PoolRollouts, startRollout } from './pool-rollouts.ts';
import type { Refusal } from './step-rules.ts';

const config = Value.Create(ExecutorConfig) as ExecutorConfig;
const nowMs = startMs + 1000;

function stateOf(steps: Partial<StepRecord>[] = [], driving: Partial<Driving> = {}, change: Partial<Rollout> = {}) {
  const outcome = startRollout(noRollouts('shop/checkout'), samplePlan([4, 6, 9]), startMs);
  if (!outcome.ok || !outcome.state.active) throw new Error('the sample is approved');
  const { active } = outcome.state;
  const rollout = { ...active, ...change, steps: active.steps.map((step, index) => ({ ...step, ...steps[index] })) };
  return { ...outcome.state, outbox: [], active: rollout, driving: { ...outcome.state.driving, ...driving } };
}
const done: Partial<StepRecord> = { state: 'settled', ordered_at: timestamp(startMs), workers_before: 4 };
const under: Partial<StepRecord> = { state: 'ordered', ordered_at: timestamp(startMs), workers_before: 4 };

/** The state in one line: status, reason, steps, what is remembered, what is published. */
function lineOf(state: PoolRollouts): string {
  const rollout = state.active ?? (state.recent[0] as Rollout);
  const steps = rollout.steps.map(({ state: is, from_workers, to_workers }) => `${is} ${from_workers}→${to_workers}`);
  const { held_since_ms: since, reverting } = state.driving;
  return [
    `${state.active ? '' : 'over, '}${rollout.status} (${rollout.reason})`,
    steps.join(', '),
    since === null ? 'not held' : `held since ${since - startMs}`,
    ...(reverting === null ? [] : [`reverting ${reverting}`]),
    state.outbox.map(({ event }) => event).join(', ') || 'nothing published',
  ].join('; ');
}

const fail = (state: PoolRollouts, reason: Refusal, on_failure?: 'stay' | 'revert') =>
  failRollout(
    state,
    { reason, detail: 'why' },
    {
      policy: on_failure && samplePolicy({ scaling: { min_workers: 1, max_workers: 40, on_failure } }),
      config,
      nowMs,
    },
  );
const begin = (state: PoolRollouts, index: number) =>
  beginStep(state, state.active?.steps[index] as StepRecord, {
    workersBefore: 5,
    receipt: 'r',
    fencingToken: 8,
    nowMs,
  });
const settle = (state: PoolRollouts, index: number, workersAfter: number) =>
  settleStep(state, state.active?.steps[index] as StepRecord, { workersAfter, nowMs });

const fresh = 'pending 4→6, pending 6→9';
const heldSince = { held_since_ms: startMs };
const table: [string, PoolRollouts, (state: PoolRollouts) => PoolRollouts, string][] = [
  [
    'a first hold',
    stateOf(),
    (s) => holdRollout(s, 'metrics_stale', 'old', nowMs),
    `held (metrics_stale: old); ${fresh}; held since 1000; rollout.held`,
  ],
  [
    'the same hold again',
    stateOf([], heldSince, { status: 'held', reason: 'metrics_stale: old' }),
    (s) => holdRollout(s, 'metrics_stale', 'older', nowMs),
    `held (metrics_stale: old); ${fresh}; held since 0; nothing published`,
  ],
  [
    'another hold after a hold',
    stateOf([], heldSince, { status: 'held', reason: 'metrics_stale: old' }),
    (s) => holdRollout(s, 'planner_silent', 'so', nowMs),
    `held (planner_silent: so); ${fresh}; held since 0; rollout.held`,
  ],
  [
    'a hold is over',
    stateOf([], heldSince, { status: 'held', reason: 'metrics_stale: old' }),
    (s) => resumeRollout(s, nowMs),
    `running (goes on after a hold); ${fresh}; not held; nothing published`,
  ],
  [
    'no hold to be over',
    stateOf(),
    (s) => resumeRollout(s, nowMs),
    `running (started); ${fresh}; not held; nothing published`,
  ],
  [
    'a step begins, and a hold ends with it',
    stateOf([], heldSince),
    (s) => begin(s, 0),
    'running (step 1 of 2: 5 → 6 workers); ordered 4→6, pending 6→9; not held; rollout.stepped',
  ],
  [
    'a step is done',
    stateOf([under]),
    (s) => settle(s, 0, 6),
    'running (6 workers are there); settled 4→6, pending 6→9; not held; rollout.stepped',
  ],
  [
    'a step that was never ordered is done already',
    stateOf(),
    (s) => settle(s, 0, 6),
    'running (6 workers are there); skipped 4→6, pending 6→9; not held; rollout.stepped',
  ],
  [
    'all is carried out',
    stateOf([done, done]),
    (s) => finishRollout(s, config, nowMs),
    'over, finished (carried out); settled 4→6, settled 6→9; not held; rollout.finished',
  ],
  [
    'all is undone',
    stateOf([done, done], { reverting: 'pool_moved: why' }),
    (s) => finishRollout(s, config, nowMs),
    'over, reverted (pool_moved: why); settled 4→6, settled 6→9; not held; rollout.reverted',
  ],
  [
    'a failure before anything was ordered, where failures are undone',
    stateOf(),
    (s) => fail(s, 'frozen', 'revert'),
    'over, failed (frozen: why); skipped 4→6, skipped 6→9; not held; rollout.failed',
  ],
  [
    'a failure after a step, where failures stay',
    stateOf([done]),
    (s) => fail(s, 'frozen', 'stay'),
    'over, failed (frozen: why); settled 4→6, skipped 6→9; not held; rollout.failed',
  ],
  [
    'a failure after a step, where failures are undone',
    stateOf([done]),
    (s) => fail(s, 'frozen', 'revert'),
    'running (undoing: frozen: why); settled 4→6, skipped 6→9, pending 6→4; not held; reverting frozen: why; rollout.stepped',
  ],
  [
    'a failure of a step under way, where failures are undone',
    stateOf([under], heldSince),
    (s) => fail(s, 'workers_did_not_arrive', 'revert'),
    'running (undoing: workers_did_not_arrive: why); skipped 4→6, skipped 6→9, pending 6→4; not held; reverting workers_did_not_arrive: why; rollout.stepped',
  ],
  [
    'a failure of the way back',
    stateOf([done], { reverting: 'frozen: why' }),
    (s) => fail(s, 'outside_hard_caps', 'revert'),
    'over, failed (frozen: why; undoing it failed: outside_hard_caps: why); settled 4→6, skipped 6→9; not held; rollout.failed',
  ],
  ...(['pool_owned_elsewhere', 'no_actuator', 'pool_gone'] as const).map(
    (reason): [string, PoolRollouts, (state: PoolRollouts) => PoolRollouts, string] => [
      'nobody is left who could undo it',
      stateOf([done]),
      (s) => fail(s, reason, 'revert'),
      `over, failed (${reason}: why); settled 4→6, skipped 6→9; not held; rollout.failed`,
    ],
  ),
  [
    'no policy says that failures are undone',
    stateOf([done]),
    (s) => fail(s, 'policy_gone'),
    'over, failed (policy_gone: why); settled 4→6, skipped 6→9; not held; rollout.failed',
  ],
];

describe('what an act makes of a rollout', () => {
  for (const [says, before, act, after] of table) {
    it(says, () => {
      expect(lineOf(act(before))).to.equal(after);
    });
  }

  it('writes the receipt, the token and the count before into a step that begins', () => {
    const { active } = begin(stateOf(), 0);
    expect(active?.fencing_token).to.equal(8);
    expect(active?.steps[0]).to.include({ audit_receipt: 'r', workers_before: 5, ordered_at: timestamp(nowMs) });
  });

  it('gives the very same state where nothing is new', () => {
    const held = stateOf([], heldSince, { status: 'held', reason: 'metrics_stale: old' });
    expect(holdRollout(held, 'metrics_stale', 'older', nowMs)).to.equal(held);
    const running = stateOf();
    expect(resumeRollout(running, nowMs)).to.equal(running);
  });
});
