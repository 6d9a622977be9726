import type { Forecast, Policy, Pool, Snapshot } from '@capplan/contracts';

/* An ordinary pool with its policy, snapshot and forecast; each test changes what it is about. */

export const at = '2026-03-02T08:00:00.000Z';

export function samplePool(changes: Partial<Pool> = {}): Pool {
  return {
    id: 'shop/mail',
    policy_id: 'p1',
    queue: { kind: 'bullmq', name: 'mail' },
    actuator: { kind: 'process' },
    concurrency: 1,
    startup_delay: '30s',
    worker_cost_per_hour: 0.5,
    tags: [],
    updated_at: at,
    ...changes,
  };
}

export function samplePolicy(slo: Partial<Policy['slo']> = {}): Policy {
  return {
    id: 'p1',
    name: 'one',
    enabled: true,
    mode: 'auto',
    slo: { p95_latency: '8s', ...slo },
    scaling: { min_workers: 0, max_workers: 1000 },
    forecast: {},
    cost: {},
    tags: [],
    updated_at: at,
  };
}

export function sampleSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    pool: 'shop/mail',
    timestamp: at,
    interval_s: 15,
    arrival_rate: 10,
    completion_rate: 10,
    service_rate: 0.5,
    service_time_mean_s: 2,
    service_time_scv: 1,
    service_time_p50: '1.4s',
    service_time_p95: '6s',
    current_workers: 30,
    starting_workers: 0,
    busy_slots: 20,
    slots: 30,
    utilization: 0.67,
    backlog: 0,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
    ...changes,
  };
}

export function sampleForecast(changes: Partial<Forecast> = {}): Forecast {
  return {
    pool: 'shop/mail',
    made_at: at,
    step_s: 900,
    mean: [10, 20, 30],
    intervals: [
      { level: 0.5, lower: [9, 18, 27], upper: [11, 22, 33] },
      { level: 0.8, lower: [8, 16, 24], upper: [12, 24, 36] },
    ],
    model: 'auto',
    accuracy: { mase: 0.6, wape: 0.1, coverage: 0.95 },
    trust: { state: 'trusted', reason: 'its accuracy held for a week' },
    anomaly: null,
    ...changes,
  };
}
