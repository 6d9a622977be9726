import { type Plan, type Policy, type Pool, timestamp } from '@capplan/contracts';
import type { NamedCount } from '@capplan/planning';
import Type, { type Static } from 'typebox';
import { isAutomatic } from './is-automatic.ts';

/** Automatic plans of one direction that have failed for one reason, one after another. */
export const Failing = Type.Object({
  direction: Type.Enum(['up', 'down']),
  /** The word before the colon of what the rollout ended with. */
  reason: Type.String(),
  /** Failures in a row, ≥ 1. */
  failures: Type.Integer({ minimum: 1 }),
  failed_at_ms: Type.Number(),
  /** Until then no automatic plan of this direction is made. */
  until_ms: Type.Number(),
  /** The most that any of them wanted. */
  target_workers: Type.Integer({ minimum: 0 }),
});
export type Failing = Static<typeof Failing>;

const firstPauseMs = 60_000;
const lastingPauseMs = 3_600_000;
const passingPauseMs = 300_000;
/** A failure so long after the last pause is the first of another trouble. */
const forgottenMs = 3_600_000;

/** What heals without anybody's help: it is tried again within five minutes, however often it has failed. */
const passing: ReadonlySet<string> = new Set([
  'workers_did_not_arrive',
  'held_too_long',
  'demand_has_risen',
  'pool_moved',
  'frozen',
]);
/** A plan that a person or a newer plan has ended says nothing about the next. */
const noFault: ReadonlySet<string> = new Set(['cancelled', 'plan_overtaken']);

type Change = Pick<Plan, 'current_workers' | 'target_workers'>;

/** What is remembered once a plan has ended by its rollout. A plan that a person asked for never begins a pause. */
export function failingAfter(
  failing: readonly Failing[],
  plan: Plan,
  end: { status: 'completed' | 'failed' | 'reverted'; reason: string; nowMs: number },
): readonly Failing[] {
  const direction = directionOf(plan);
  const others = failing.filter((entry) => entry.direction !== direction);
  if (end.status === 'completed') return others.length === failing.length ? failing : others;
  const reason = reasonOf(end.reason);
  if (!isAutomatic(plan) || noFault.has(reason)) return failing;
  const before = continued(failing, plan, reason);
  const failures = (before?.failures ?? 0) + 1;
  const pauseMs = Math.min(passing.has(reason) ? passingPauseMs : lastingPauseMs, firstPauseMs * 2 ** (failures - 1));
  const entry: Failing = {
    direction,
    reason,
    failures,
    failed_at_ms: end.nowMs,
    until_ms: end.nowMs + pauseMs,
    target_workers: Math.max(plan.target_workers, before?.target_workers ?? 0),
  };
  return [...others, entry];
}

/**
 * How many automatic plans had failed for the same reason before this plan ended so: 0 when this is the first. For one
 * that was carried out, how many failed before it, whatever people have changed meanwhile.
 */
export function failuresBeforeEnd(
  failing: readonly Failing[],
  plan: Plan,
  end: { status: 'completed' | 'failed' | 'reverted'; reason: string },
): number {
  const entry = end.status === 'completed' ? recent(failing, plan) : continued(failing, plan, reasonOf(end.reason));
  return entry?.failures ?? 0;
}

/** How many automatic plans have failed in a row before the one that is made now; what a person did since starts anew. */
export function failuresBefore(failing: readonly Failing[], plan: Plan, actedMs: number): number {
  const entry = recent(failing, plan);
  return entry && entry.failed_at_ms >= actedMs ? entry.failures : 0;
}

/** When a person last did something about this pool that may have mended it: its record, its policy, an order. */
export function actedMsOf(pool: Pick<Pool, 'updated_at'>, policy: Pick<Policy, 'updated_at'>, plans: readonly Plan[]) {
  const orders = plans.filter((plan) => !isAutomatic(plan));
  return Math.max(...[pool.updated_at, policy.updated_at, ...orders.map((plan) => plan.created_at)].map(Date.parse));
}

/**
 * What keeps this change from being planned now. A minute after a failure that heals by itself, more than what failed is
 * tried again: capacity is the safe side.
 *
 * @param actedMs see `actedMsOf`; what a person does ends a pause
 */
export function pauseOf(
  failing: readonly Failing[],
  change: Change,
  { nowMs, actedMs }: { nowMs: number; actedMs: number },
): NamedCount | undefined {
  if (change.target_workers === change.current_workers) return undefined;
  const entry = failing.find(({ direction }) => direction === directionOf(change));
  if (!entry || entry.failed_at_ms < actedMs) return undefined;
  const isMore = entry.direction === 'up' && change.target_workers > entry.target_workers && passing.has(entry.reason);
  const untilMs = isMore ? Math.min(entry.until_ms, entry.failed_at_ms + firstPauseMs) : entry.until_ms;
  if (nowMs >= untilMs) return undefined;
  const { failures, direction, reason } = entry;
  const what =
    failures === 1 ? `the last automatic plan ${direction}` : `${failures} automatic plans ${direction} in a row`;
  const detail = `${what} failed (${reason}); the next waits until ${timestamp(untilMs)}, or until the pool or its policy is changed or a count is ordered`;
  return { workers: change.current_workers, rule: 'backing_off', detail, hold: 'backing_off' };
}

function directionOf(change: Change): 'up' | 'down' {
  return change.target_workers > change.current_workers ? 'up' : 'down';
}

function reasonOf(ended: string): string {
  return ended.split(':', 1)[0] as string;
}

function recent(failing: readonly Failing[], plan: Plan): Failing | undefined {
  const entry = failing.find(({ direction }) => direction === directionOf(plan));
  return entry && Date.parse(plan.created_at) <= entry.until_ms + forgottenMs ? entry : undefined;
}

/** The row of failures that this plan is part of, if it has failed for the reason of those before it. */
function continued(failing: readonly Failing[], plan: Plan, reason: string): Failing | undefined {
  const entry = recent(failing, plan);
  return entry?.reason === reason && (plan.failures_before ?? 0) > 0 ? entry : undefined;
}
