import { type Forecast, type Policy, type Snapshot, timestamp } from '@capplan/contracts';
import type { DecisionInput, PastChange } from './decision-input.ts';

export const nowMs = Date.UTC(2026, 2, 4, 10, 0, 0);

/** A pool of 4-second jobs that has been running quietly; each test changes what it is about. */
export function snapshotOf(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    pool: 'shop/checkout',
    timestamp: timestamp(nowMs),
    interval_s: 60,
    arrival_rate: 10,
    completion_rate: 10,
    service_rate: 0.25,
    service_time_mean_s: 4,
    service_time_scv: 1,
    service_time_p50: '2.8s',
    service_time_p95: '12s',
    current_workers: 46,
    starting_workers: 0,
    busy_slots: 40,
    slots: 46,
    utilization: 0.87,
    backlog: 0,
    error_rate: 0,
    quality: { trusted: true, suspects: [] },
    ...changes,
  };
}

export function policyOf(
  changes: {
    scaling?: Partial<Policy['scaling']>;
    cost?: Policy['cost'];
    slo?: Partial<Policy['slo']>;
  } & Partial<Pick<Policy, 'enabled' | 'mode' | 'tags' | 'approval'>> = {},
): Policy {
  const { scaling, cost, slo, ...rest } = changes;
  return {
    id: 'checkout',
    name: 'Checkout',
    enabled: true,
    mode: 'auto',
    slo: { p95_latency: '20s', ...slo },
    scaling: { min_workers: 1, max_workers: 1000, ...scaling },
    forecast: {},
    cost: { violation_cost_per_minute: 3, ...cost },
    tags: [],
    updated_at: timestamp(nowMs),
    ...rest,
  };
}

/** Futures around a level: `spread` is the deviation of their rates as a share of it. */
export function forecastOf(ratePerSec: number, spread = 0.08, changes: Partial<Forecast> = {}): Forecast {
  const paths = Array.from({ length: 64 }, (_, p) => {
    const quantile = (p + 0.5) / 64;
    const rate = Math.max(0, ratePerSec * (1 + (spread * Math.log(quantile / (1 - quantile))) / 1.702));
    return new Array<number>(4).fill(rate);
  });
  return {
    pool: 'shop/checkout',
    made_at: timestamp(nowMs),
    step_s: 60,
    mean: new Array<number>(60).fill(ratePerSec),
    intervals: [],
    model: 'lead',
    accuracy: { mase: null, wape: null, coverage: null },
    trust: { state: 'trusted', reason: '' },
    anomaly: null,
    paths: { step_s: 60, rates_per_s: paths },
    ...changes,
  };
}

export function inputOf(changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    nowMs,
    pool: {
      id: 'shop/checkout',
      concurrency: 1,
      startupDelaySec: 120,
      workerCostPerHour: 1,
      tags: [],
    },
    policy: policyOf(),
    snapshot: snapshotOf(),
    forecast: forecastOf(10),
    history: { changes: [] },
    ...changes,
  };
}

/** A change made some seconds before the decision. */
export function changeAgo(sec: number, fromWorkers: number, toWorkers: number): PastChange {
  return { timeMs: nowMs - sec * 1000, fromWorkers, toWorkers };
}
