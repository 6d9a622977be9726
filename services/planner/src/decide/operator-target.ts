import {
  durationSec,
  durationText,
  type Policy,
  type Pool,
  type Step,
  startupDelaySec,
  timestamp,
} from '@capplan/contracts';
import type { Decision } from '@capplan/planning';

const stepMaxDefault = 15;

export type TargetVerdict =
  | { ok: true }
  | { ok: false; reason: 'outside_limits' | 'cost_limit_exceeded'; detail: string };

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

/** The core's decision with a person's target in the place of its own; the core's own wish becomes an alternative. */
export function withTarget(
  decision: Decision,
  asked: { workers: number; by: string; why: string; largeChange: boolean },
  { nowMs, pool, policy }: { nowMs: number; pool: Pool; policy: Policy },
): Decision {
  const { currentWorkers } = decision;
  const horizonSec = durationSec(decision.costImpact.horizon);
  const perHour = pool.worker_cost_per_hour;
  const additional = ((asked.workers - currentWorkers) * perHour * horizonSec) / 3600;
  const detail = `${asked.by} ${asked.why}; the planner would have ${decision.targetWorkers} workers`;
  return {
    ...decision,
    targetWorkers: asked.workers,
    steps: stepsTo(currentWorkers, asked, { nowMs, pool, policy, confidence: decision.confidence }),
    hold: undefined,
    explanation: [
      ...decision.explanation.slice(0, 63),
      { rule: 'operator', before: decision.targetWorkers, after: asked.workers, detail: detail.slice(0, 1024) },
    ],
    rationale: `${detail}. ${decision.rationale}`,
    costImpact: {
      ...decision.costImpact,
      additional_cost: additional,
      // What the person's number would save in violations is not known; claiming nothing errs on the honest side.
      violation_savings: 0,
      net_savings: 0 - additional,
      cost_per_hour_before: currentWorkers * perHour,
      cost_per_hour_after: asked.workers * perHour,
    },
    largeChange: asked.largeChange,
  };
}

function stepsTo(
  current: number,
  asked: { workers: number; by: string; why: string },
  { nowMs, pool, policy, confidence }: { nowMs: number; pool: Pool; policy: Policy; confidence: number },
): Step[] {
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
      reason: `${asked.by} ${asked.why}`.slice(0, 1024),
      confidence,
      estimated_duration: durationText(startupDelaySec(pool)),
    });
    from = to;
  }
  return steps;
}
