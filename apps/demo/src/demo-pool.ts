import { durationText, type Policy, type Pool, timestamp } from '@capplan/contracts';

/** What the demo's pool is like; times in virtual seconds. */
export interface DemoPool {
  pool: Pool;
  policy: Policy;
  serviceMeanSec: number;
  serviceScv: number;
  targetSec: number;
  snapshotIntervalSec: number;
}

export const demoPoolId = 'demo/jobs';
export const demoQueue = 'capplan-demo';

const serviceMeanSec = 40;
const serviceScv = 0.5;
const targetSec = 150;
/** What a worker process needs on an ordinary machine until its first job, real seconds. */
const processStartSec = 1;
/** Snapshots closer together than this, in real seconds, would measure the machine rather than the pool. */
const snapshotRealSec = 0.6;

/**
 * The demo's pool and policy at a given speed: the job lasts 40 virtual seconds on average, and 95 % of the answers
 * are wanted within 150. Real processes take a real second to start, which the virtual clock stretches.
 */
export function demoPool({
  speed,
  loadWorkers,
  nowMs,
}: {
  speed: number;
  loadWorkers: number;
  nowMs: number;
}): DemoPool {
  const updatedAt = timestamp(nowMs);
  const snapshotIntervalSec = Math.max(15, Math.ceil((snapshotRealSec * speed) / 15) * 15);
  const policyId = 'demo-auto';
  return {
    serviceMeanSec,
    serviceScv,
    targetSec,
    snapshotIntervalSec,
    policy: {
      id: policyId,
      name: 'Demo: automatic, 95 % of the answers within 150 s',
      enabled: true,
      mode: 'auto',
      slo: { p95_latency: durationText(targetSec), latency_of: 'response', error_budget: 0.02 },
      scaling: {
        min_workers: 1,
        max_workers: Math.min(48, Math.max(4, Math.ceil(loadWorkers * 4))),
        max_step: 15,
        scale_up_cooldown: '2m',
        scale_down_cooldown: '10m',
        confidence_threshold: 0.3,
      },
      forecast: { model: 'auto', horizon: '6h' },
      cost: { currency: 'USD', violation_cost_per_minute: 0.5 },
      // One person watches a demo: no change is too large for the policy to approve.
      approval: {
        large_change_workers: 1000,
        large_change_share: 1000,
        large_change_cost_per_hour: 1_000_000,
        expires_after: '30m',
      },
      tags: [],
      updated_at: updatedAt,
    },
    pool: {
      id: demoPoolId,
      policy_id: policyId,
      queue: { kind: 'bullmq', name: demoQueue },
      actuator: { kind: 'process', target: demoPoolId },
      concurrency: 2,
      startup_delay: durationText(Math.max(2, Math.round(processStartSec * speed))),
      worker_cost_per_hour: 0.4,
      service_time_hint: durationText(serviceMeanSec),
      initial_workers: Math.max(1, Math.ceil(loadWorkers)),
      tags: [],
      updated_at: updatedAt,
    },
  };
}
