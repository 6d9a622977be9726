import {
  cutText,
  durationText,
  type Policy,
  type Pool,
  type Step,
  startupDelaySec,
  timestamp,
} from '@capplan/contracts';
import type { Decision, NamedCount } from '@capplan/planning';

const stepMaxDefault = 15;

export type TargetVerdict =
  | { ok: true }
  | { ok: false; reason: 'outside_limits' | 'cost_limit_exceeded'; detail: string };

/** A count that a person, a pool's owner or a trial names in the place of the planner's own. */
export interface AskedTarget {
  workers: number;
  by: string;
  /** What it does or asks for, after its name: `asked for 9 workers`. */
  why: string;
}

/** Whether a person may ask for this many workers under this policy. Schedules count with their widest limits. */
export function mayTarget(workers: number, current: number, pool: Pool, policy: Policy): TargetVerdict {
  const { scaling, cost } = policy;
  const windows = scaling.schedules ?? [];
  const most = Math.max(scaling.max_workers, ...windows.map((window) => window.max_workers ?? 0));
  const least = scaling.scale_to_zero
    ? 0
    : Math.min(scaling.min_workers, ...windows.map((window) => window.min_workers ?? scaling.min_workers));
  if (workers > most || workers < least) {
    const detail = `${workers} workers are outside the policy's ${least} to ${most}`;
    return { ok: false, reason: 'outside_limits', detail };
  }
  const costPerHour = workers * pool.worker_cost_per_hour;
  const limit = cost.budget_kind === 'hard' ? cost.hourly_budget : undefined;
  if (workers > current && limit !== undefined && costPerHour > limit) {
    const detail = `${workers} workers cost ${costPerHour} an hour; the hard budget is ${limit}`;
    return { ok: false, reason: 'cost_limit_exceeded', detail };
  }
  return { ok: true };
}

/** What the core is asked about such a count: its risk, its cost, where it leaves the queue. */
export function namedCount({ workers, by, why }: AskedTarget, own: Pick<Decision, 'targetWorkers'>): NamedCount {
  const detail = cutText(`${by} ${why}; the planner would have ${own.targetWorkers} workers`, 1024);
  return { workers, rule: 'operator', detail };
}

/** The same decision, made now in as few steps as the policy allows; what is foreseen beyond it is not part of it. */
export function inSteps(
  decision: Decision,
  asked: AskedTarget,
  { nowMs, pool, policy }: { nowMs: number; pool: Pool; policy: Policy },
): Decision {
  const { currentWorkers: current, confidence } = decision;
  const stepMax = policy.scaling.max_step ?? Math.max(stepMaxDefault, current);
  const steps: Step[] = [];
  let from = current;
  while (from !== asked.workers && steps.length < 256) {
    const to = from < asked.workers ? Math.min(asked.workers, from + stepMax) : Math.max(asked.workers, from - stepMax);
    steps.push({
      timestamp: timestamp(nowMs),
      action: to > from ? 'scale_up' : 'scale_down',
      from_workers: from,
      to_workers: to,
      reason: cutText(`${asked.by} ${asked.why}`, 1024),
      confidence,
      estimated_duration: durationText(startupDelaySec(pool)),
    });
    from = to;
  }
  return { ...decision, steps };
}
