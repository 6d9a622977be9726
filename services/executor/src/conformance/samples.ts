import { type Plan, type Policy, type Pool, type Snapshot, timestamp } from '@capplan/contracts';

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

/** A plan through these worker counts, one step every 30 s. */
export function samplePlan(counts: readonly number[], change: Partial<Plan> = {}): Plan {
  const [first = 0] = counts;
  const last = counts.at(-1) ?? first;
  const at = timestamp(startMs);
  return {
    id: `plan-${counts.join('-')}`,
    pool: 'shop/checkout',
    policy_id: 'default',
    mode: 'auto',
    status: 'approved',
    status_reason: 'approved by policy default',
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

export function sampleSnapshot(timeMs: number, workers: number, change: Partial<Snapshot> = {}): Snapshot {
  return {
    pool: 'shop/checkout',
    timestamp: timestamp(timeMs),
    interval_s: 15,
    arrival_rate: 4,
    completion_rate: 4,
    service_rate: 2,
    service_time_mean_s: 1,
    service_time_scv: 1,
    service_time_p50: '700ms',
    service_time_p95: '3s',
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
