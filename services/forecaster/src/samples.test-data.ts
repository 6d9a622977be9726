import type { Policy, Pool, Snapshot } from '@capplan/contracts';
import { modelSettings } from '@capplan/deciding';
import { Value } from 'typebox/value';
import { ForecasterConfig } from './config.ts';

/* An ordinary pool and days of demand for it. */

export const startMs = Date.parse('2026-03-02T00:00:00Z');
export const config = Value.Create(ForecasterConfig);

export function samplePool(changes: Partial<Pool> = {}): Pool {
  return {
    id: 'shop/mail',
    policy_id: 'p1',
    queue: { kind: 'bullmq', name: 'mail' },
    actuator: { kind: 'process' },
    concurrency: 2,
    startup_delay: '60s',
    worker_cost_per_hour: 0.5,
    tags: [],
    updated_at: new Date(startMs).toISOString(),
    ...changes,
  };
}

export function samplePolicy(forecast: Policy['forecast'] = {}): Policy {
  return {
    id: 'p1',
    name: 'one',
    enabled: true,
    mode: 'auto',
    slo: { p95_latency: '8s' },
    scaling: { min_workers: 0, max_workers: 100 },
    forecast,
    cost: {},
    tags: [],
    updated_at: new Date(startMs).toISOString(),
  };
}

export const settings = modelSettings({ id: 'shop/mail', startupDelaySec: 60 }, samplePolicy(), config);

/** Jobs per second at a moment: a day's wave between 5 and 15. */
export function rateAt(ms: number): number {
  return 10 + 5 * Math.sin((2 * Math.PI * ms) / 86_400_000);
}

export function sampleSnapshot(endMs: number, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    pool: 'shop/mail',
    timestamp: new Date(endMs).toISOString(),
    interval_s: 60,
    arrival_rate: rateAt(endMs),
    completion_rate: rateAt(endMs),
    service_rate: 1,
    service_time_mean_s: 2,
    service_time_scv: 1,
    service_time_p50: '1.4s',
    service_time_p95: '6s',
    current_workers: 30,
    starting_workers: 0,
    busy_slots: 20,
    slots: 60,
    utilization: 0.33,
    backlog: 0,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
    ...changes,
  };
}
