import { type Pool, type QuantileSketch, type Rollout, timestamp } from '@capplan/contracts';
import { createSketch } from '@capplan/sketch';
import type { ObserveSettings, PlacedReport, WindowInput, WorkerSeen } from './observation.ts';

/*
 * Ordinary pools, workers and reports for the tests of this room: each test changes what it is about.
 */

export const settings: ObserveSettings = {
  intervalSec: 15,
  workerTimeoutSec: 30,
  serviceHalfLifeSec: 600,
  changeFactorMax: 50,
  disagreementMax: 0.5,
};

export const window = 100_000_000;
export const endMs = window * 15_000;

export function samplePool(changes: Partial<Pool> = {}): Pool {
  return {
    id: 'shop/mail',
    policy_id: 'p1',
    queue: { kind: 'bullmq', name: 'mail' },
    actuator: { kind: 'process' },
    concurrency: 2,
    startup_delay: '30s',
    worker_cost_per_hour: 0.5,
    tags: [],
    updated_at: timestamp(endMs - 86_400_000),
    ...changes,
  };
}

export function sampleSketch(valueSec: number, count: number): QuantileSketch {
  const sketch = createSketch();
  // Two values around the mean, so that there is a variance.
  sketch.add(valueSec * 0.5, count / 2);
  sketch.add(valueSec * 1.5, count / 2);
  const wire = sketch.toWire();
  return { ...wire, counts: [...wire.counts] };
}

export function sampleWorkers(count: number, changes: Partial<WorkerSeen> = {}): WorkerSeen[] {
  return Array.from({ length: count }, (_, i) => ({
    worker: `w${i}`,
    seenAtMs: endMs - 2000,
    sequence: 1,
    concurrency: 2,
    busy: 1,
    draining: false,
    leaving: false,
    backlog: null,
    ...changes,
  }));
}

export function heartbeats(workers: readonly WorkerSeen[]): PlacedReport[] {
  return workers.map(({ worker, sequence, concurrency, busy, draining, leaving, seenAtMs }) => ({
    kind: 'heartbeat',
    late: false,
    data: {
      pool: 'shop/mail',
      worker,
      sequence,
      time: timestamp(seenAtMs),
      concurrency,
      busy,
      draining,
      leaving,
    },
  }));
}

export interface SampleJobs {
  worker?: string;
  completed: number;
  failed?: number;
  retried?: number;
  serviceSec?: number;
  waitSec?: number;
  spanSec?: number;
  late?: boolean;
}

export function jobReport(jobs: SampleJobs): PlacedReport {
  const count = jobs.completed + (jobs.failed ?? 0);
  return {
    kind: 'job',
    late: jobs.late ?? false,
    data: {
      pool: 'shop/mail',
      worker: jobs.worker ?? 'w0',
      sequence: 1,
      from: timestamp(endMs - 1000 * (jobs.spanSec ?? 15)),
      to: timestamp(endMs),
      completed: jobs.completed,
      failed: jobs.failed ?? 0,
      ...(jobs.retried !== undefined && { retried: jobs.retried }),
      ...(count > 0 && { service_time: sampleSketch(jobs.serviceSec ?? 1, count) }),
      ...(count > 0 && jobs.waitSec !== undefined && { wait_time: sampleSketch(jobs.waitSec, count) }),
    },
  };
}

export function arrivalReport(arrived: number): PlacedReport {
  return {
    kind: 'arrival',
    late: false,
    data: {
      pool: 'shop/mail',
      source: 'web',
      sequence: 1,
      from: timestamp(endMs - 15_000),
      to: timestamp(endMs),
      arrived,
    },
  };
}

/** A rollout whose only step ordered `workers` so many seconds ago. */
export function sampleRollout(workers: number, secondsAgo: number): Rollout {
  const at = timestamp(endMs - secondsAgo * 1000);
  return {
    id: 'r1',
    plan_id: 'plan1',
    pool: 'shop/mail',
    status: 'running',
    reason: 'test',
    fencing_token: 1,
    workers_at_start: 2,
    steps: [{ index: 0, state: 'ordered', from_workers: 2, to_workers: workers, ordered_at: at }],
    started_at: at,
    updated_at: at,
  } as unknown as Rollout;
}

export function sampleInput(changes: Partial<WindowInput> & { reports?: PlacedReport[] } = {}): WindowInput {
  const { reports = [], ...rest } = changes;
  return {
    pool: samplePool(),
    window,
    closed: { reports, workers: sampleWorkers(2), previous: undefined, knownSinceMs: 1 },
    depth: { ok: true, jobs: 0, asOfMs: Number.POSITIVE_INFINITY },
    rollout: undefined,
    ...rest,
  };
}
