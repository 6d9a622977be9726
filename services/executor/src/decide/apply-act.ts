import { cutText, type Policy, type Rollout, type StepRecord, timestamp } from '@capplan/contracts';
import type { ExecutorConfig } from '../config.ts';
import type { HoldReason } from './next-act.ts';
import { closed, type PoolRollouts, withActive } from './pool-rollouts.ts';
import type { Refusal } from './step-rules.ts';

/** Nothing can be undone where the workers are not ours, or where nobody is left who could do it. */
const neverReverted: ReadonlySet<Refusal> = new Set(['pool_owned_elsewhere', 'no_actuator', 'pool_gone']);

/** Every skipped step says why; the rollout itself says it at length. */
const skippedDetailMax = 128;

/** Notes that the rollout is held; told once for each reason. */
export function holdRollout(state: PoolRollouts, reason: HoldReason, detail: string, nowMs: number): PoolRollouts {
  const told = state.active?.status === 'held' && state.active.reason.startsWith(`${reason}:`);
  if (told) return state;
  return withActive(
    state,
    { status: 'held', reason: cutText(`${reason}: ${detail}`, 1024) },
    {
      nowMs,
      event: 'rollout.held',
      driving: { ...state.driving, held_since_ms: state.driving.held_since_ms ?? nowMs },
    },
  );
}

/** What held the rollout is over; the next hold counts from its own beginning. */
export function resumeRollout(state: PoolRollouts, nowMs: number): PoolRollouts {
  if (state.driving.held_since_ms === null) return state;
  const driving = { ...state.driving, held_since_ms: null };
  return withActive(state, { status: 'running', reason: 'goes on after a hold' }, { nowMs, driving });
}

/** Writes the intention down, with its receipt, before anything is ordered: a crash in between resumes here. */
export function beginStep(
  state: PoolRollouts,
  step: StepRecord,
  facts: { workersBefore: number; receipt: string; fencingToken: number; nowMs: number },
): PoolRollouts {
  const ordered: StepRecord = {
    ...step,
    state: 'ordered',
    workers_before: facts.workersBefore,
    ordered_at: timestamp(facts.nowMs),
    audit_receipt: facts.receipt,
  };
  return withActive(
    state,
    {
      status: 'running',
      reason: `step ${step.index + 1} of ${state.active?.steps.length}: ${facts.workersBefore} → ${step.to_workers} workers`,
      fencing_token: facts.fencingToken,
      steps: replaced(state.active, ordered),
    },
    { nowMs: facts.nowMs, event: 'rollout.stepped', driving: { ...state.driving, held_since_ms: null } },
  );
}

/** The workers are where the step wanted them. */
export function settleStep(
  state: PoolRollouts,
  step: StepRecord,
  facts: { workersAfter: number; detail?: string | undefined; nowMs: number },
): PoolRollouts {
  const done: StepRecord = {
    ...step,
    state: step.state === 'pending' ? 'skipped' : 'settled',
    workers_after: facts.workersAfter,
    settled_at: timestamp(facts.nowMs),
    ...(facts.detail === undefined ? {} : { detail: facts.detail }),
  };
  return withActive(
    state,
    { status: 'running', reason: `${facts.workersAfter} workers are there`, steps: replaced(state.active, done) },
    { nowMs: facts.nowMs, event: 'rollout.stepped', driving: { ...state.driving, held_since_ms: null } },
  );
}

/** All steps are done: the plan is carried out, or its failure undone. */
export function finishRollout(state: PoolRollouts, config: ExecutorConfig, nowMs: number): PoolRollouts {
  const why = state.driving.reverting;
  const end = { nowMs, recentMax: config.recentMax };
  return why === null
    ? closed(state, { status: 'finished', reason: 'carried out' }, { ...end, event: 'rollout.finished' })
    : closed(state, { status: 'reverted', reason: why }, { ...end, event: 'rollout.reverted' });
}

/**
 * The rollout cannot go on. Steps not begun are skipped; where the policy asks for it and something was changed, one
 * more step leads back to where the rollout began, by the same checks, receipt and lease as any other.
 */
export function failRollout(
  state: PoolRollouts,
  failure: { reason: Refusal; detail: string },
  { policy, config, nowMs }: { policy: Policy | undefined; config: ExecutorConfig; nowMs: number },
): PoolRollouts {
  const rollout = state.active as Rollout;
  const reason = cutText(`${failure.reason}: ${failure.detail}`, 1024);
  const steps = rollout.steps.map(
    (step): StepRecord =>
      step.state === 'pending' || step.state === 'ordered'
        ? { ...step, state: 'skipped', detail: cutText(reason, skippedDetailMax) }
        : step,
  );
  const touched = rollout.steps.filter((step) => step.ordered_at !== undefined);
  // Where another autoscaler works above a floor, taking back what was added would take away what it has.
  const mayGoBack = !neverReverted.has(failure.reason) && policy?.scaling.floor_only !== true;
  const asked = policy?.scaling.on_failure === 'revert' && mayGoBack;
  const back = touched[0]?.workers_before;
  if (!asked || back === undefined || state.driving.reverting !== null) {
    const told = state.driving.reverting === null ? reason : `${state.driving.reverting}; undoing it failed: ${reason}`;
    return closed(
      state,
      { status: 'failed', reason: cutText(told, 1024), steps },
      { nowMs, event: 'rollout.failed', recentMax: config.recentMax },
    );
  }
  const from = touched.at(-1)?.to_workers as number;
  const revert: StepRecord = { index: steps.length, state: 'pending', from_workers: from, to_workers: back };
  return withActive(
    state,
    { status: 'running', reason: cutText(`undoing: ${reason}`, 1024), steps: [...steps, revert] },
    { nowMs, event: 'rollout.stepped', driving: { held_since_ms: null, reverting: reason } },
  );
}

function replaced(rollout: Rollout | null, step: StepRecord): StepRecord[] {
  return (rollout?.steps ?? []).map((other) => (other.index === step.index ? step : other));
}
