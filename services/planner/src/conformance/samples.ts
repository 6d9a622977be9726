import {
  durationText,
  type Forecast,
  type Plan,
  type Policy,
  type Pool,
  type Requirement,
  type Rollout,
  type Snapshot,
  type Step,
  timestamp,
} from '@capplan/contracts';
import type { Decision, DecisionInput } from '@capplan/planning';
import { isLargeChange } from '@capplan/planning';
import type { PlanningCore } from '../ports.ts';

export const startMs = Date.parse('2026-03-02T12:00:00Z');

export function samplePool(change: Partial<Pool> = {}): Pool {
  return {
    id: 'shop/checkout',
    policy_id: 'default',
    queue: { kind: 'reported', name: 'checkout' },
    actuator: { kind: 'process' },
    concurrency: 2,
    startup_delay: '10s',
    worker_cost_per_hour: 1,
    tags: [],
    updated_at: timestamp(startMs),
    ...change,
  };
}

export function samplePolicy(change: Partial<Policy> = {}): Policy {
  return {
    id: 'default',
    name: 'Default',
    enabled: true,
    mode: 'auto',
    slo: { p95_latency: '5s' },
    scaling: { min_workers: 1, max_workers: 40 },
    forecast: {},
    cost: {},
    tags: [],
    updated_at: timestamp(startMs),
    ...change,
  };
}

export function sampleSnapshot(timeMs: number, workers: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    pool: 'shop/checkout',
    timestamp: timestamp(timeMs),
    interval_s: 15,
    arrival_rate: 10,
    completion_rate: 10,
    service_rate: 2,
    service_time_mean_s: 1,
    service_time_scv: 1,
    service_time_p50: '700ms',
    service_time_p95: '3s',
    response_time_p95: '3.5s',
    current_workers: workers,
    starting_workers: 0,
    busy_slots: workers,
    slots: workers * 2,
    utilization: 0.5,
    backlog: 0,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
    ...change,
  };
}

/** A core that wants what the test says, and otherwise answers as the real one would. */
export function scriptedCore(
  wish: (input: DecisionInput) => number | { workers: number; hold?: Decision['hold']; confidence?: number },
): PlanningCore {
  return {
    decide(input, named) {
      const said = named?.workers ?? wish(input);
      const { workers, hold, confidence = 0.95 } = typeof said === 'number' ? { workers: said } : said;
      const current = input.snapshot?.current_workers ?? 0;
      const step: Step = {
        timestamp: timestamp(input.nowMs),
        action: workers > current ? 'scale_up' : 'scale_down',
        from_workers: current,
        to_workers: workers,
        reason: 'scripted',
        confidence,
        estimated_duration: durationText(10),
      };
      return {
        currentWorkers: current,
        targetWorkers: workers,
        floorWorkers: workers,
        steps: workers === current ? [] : [step],
        hold: named?.hold ?? hold,
        explanation: [
          { rule: 'scripted', before: current, after: workers, detail: 'the test says so' },
          ...(named ? [{ rule: named.rule, before: workers, after: workers, detail: named.detail }] : []),
        ],
        alternatives: [],
        rationale: named?.detail ?? 'The test says so.',
        confidence,
        sloAchievable: true,
        costImpact: {
          currency: 'USD',
          horizon: '1h',
          additional_cost: workers - current,
          violation_savings: 0,
          net_savings: current - workers,
          cost_per_hour_before: current,
          cost_per_hour_after: workers,
        },
        violationProbability: 0.01,
        projectedUtilization: 0.6,
        projectedBacklog: 0,
        largeChange: isLargeChange(input.policy, input.pool, current, workers),
        horizonSec: 600,
        foreseen: { stepSec: 600, meanPerSec: [10], lowerPerSec: [8], upperPerSec: [12], share: 0.9 },
        expectedRatePerSec: 10,
        maxBacklog: 0,
        responseSecP95: 3,
      };
    },
  };
}

/** An automatic plan through these worker counts, one step every 30 s; the last part of its id is its target. */
export function samplePlan(counts: readonly number[], change: Partial<Plan> = {}): Plan {
  const [first = 0] = counts;
  const last = counts.at(-1) ?? first;
  const at = timestamp(startMs);
  return {
    id: `plan-${last}`,
    pool: 'shop/checkout',
    policy_id: 'default',
    mode: 'auto',
    status: 'proposed',
    status_reason: 'proposed',
    created_at: at,
    updated_at: at,
    expires_at: timestamp(startMs + 900_000),
    requested_by: 'planner',
    current_workers: first,
    target_workers: last,
    current_state: { workers: first, utilization: 0.8, backlog: 0 },
    target_state: { workers: last, projected_utilization: 0.6, projected_backlog: 0 },
    steps: counts.slice(1).map((to, index) => {
      const from = counts[index] as number;
      return {
        timestamp: timestamp(startMs + index * 30_000),
        action: to > from ? 'scale_up' : 'scale_down',
        from_workers: from,
        to_workers: to,
        reason: 'sample',
        confidence: 0.9,
        estimated_duration: '10s',
      };
    }),
    confidence: 0.9,
    slo_achievable: true,
    rationale: 'sample',
    explanation: [],
    alternatives: [],
    forecast: {
      window: '0s',
      step_s: 0,
      predicted_lambda: [],
      confidence_bands: { level: 0.9, upper: [], lower: [] },
    },
    simulation: { simulated: false, slo_achievement: 0.9, max_backlog: 0, p95_latency: null },
    large_change: false,
    approvals_needed: 0,
    approvals: [],
    ...change,
  };
}

export function sampleRollout(plan: Plan, status: Rollout['status'], atMs: number): Rollout {
  const done = status !== 'running';
  return {
    id: `rollout-${plan.id.slice(5)}`,
    plan_id: plan.id,
    pool: plan.pool,
    status,
    reason: status,
    fencing_token: 1,
    workers_at_start: plan.current_workers,
    steps: plan.steps.map((step, index) => ({
      index,
      state: done ? 'settled' : 'pending',
      from_workers: step.from_workers,
      to_workers: step.to_workers,
      ...(done ? { workers_before: step.from_workers, ordered_at: timestamp(atMs) } : {}),
    })),
    started_at: timestamp(atMs),
    updated_at: timestamp(atMs),
    plan,
  };
}

export function sampleForecast(made_at: string): Forecast {
  return {
    pool: 'shop/checkout',
    made_at,
    step_s: 900,
    mean: [10, 10],
    intervals: [],
    model: 'online',
    accuracy: { mase: null, wape: null, coverage: null },
    trust: { state: 'learning', reason: 'sample' },
    anomaly: null,
  };
}

export function sampleRequirement(made_at: string): Requirement {
  return {
    pool: 'shop/checkout',
    made_at,
    step_s: 900,
    workers: [7],
    offered_load_erlangs: [10],
    quantile: 0.5,
    feasible: true,
    binding: 'latency',
    reason: 'sample',
  };
}
