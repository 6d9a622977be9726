import { durationSec } from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createHpa, runController } from '@capplan/replay';
import { createServiceSource } from '@capplan/simulation';
import type { DemoPool } from './demo-pool.ts';
import { decidedMinutes } from './job-ledger.ts';
import { judgeRun, type RunVerdict } from './judge-run.ts';

export interface ReactiveRule {
  /** A job that was put in, virtual ms since the epoch; in order. */
  arrived(atMs: number): void;
  /** What the rule would have made of everything until now; null within the first half hour of virtual time. */
  outcome(nowMs: number): RunVerdict | null;
}

const stepSec = 15;
const minimumSec = 1800;

/**
 * What would Kubernetes' Horizontal Pod Autoscaler, at its documented defaults, have paid for the same arrivals?
 *
 * It is simulated job by job on a pool like the demo's: the same slots, start-up delay, service times, bounds, prices
 * and first worker count, and judged by the same function. Only the chance of each single service time differs.
 */
export function createReactiveRule(demo: DemoPool, startedMs: number): ReactiveRule {
  const { pool, policy, serviceMeanSec, serviceScv, targetSec } = demo;
  const counts: number[] = [];
  return {
    arrived: (atMs) => {
      const step = Math.floor((atMs - startedMs) / (stepSec * 1000));
      if (step >= 0) counts[step] = (counts[step] ?? 0) + 1;
    },
    outcome: (nowMs) => {
      const steps = Math.floor((nowMs - startedMs) / (stepSec * 1000));
      if (steps * stepSec < minimumSec) return null;
      const perStep = Int32Array.from({ length: steps }, (_, i) => counts[i] ?? 0);
      const run = runController({
        controller: createHpa({
          minWorkers: policy.scaling.min_workers,
          maxWorkers: policy.scaling.max_workers,
          initialWorkers: pool.initial_workers ?? policy.scaling.min_workers,
          concurrency: pool.concurrency,
        }),
        demand: {
          startMs: startedMs,
          stepSec,
          counts: perStep,
          ratesPerSec: Float64Array.from(perStep, (count) => count / stepSec),
          bridged: 0,
        },
        pool: {
          concurrency: pool.concurrency,
          startupDelaySec: durationSec(pool.startup_delay),
          latencyOf: policy.slo.latency_of ?? 'response',
          targetSec,
        },
        services: createServiceSource(
          { kind: 'lognormal', meanSec: serviceMeanSec, scv: serviceScv },
          createRandomStream('reactive'),
        ),
        seed: 'reactive',
      });
      const minutes = run.minutes
        .slice(0, decidedMinutes({ startedMs, targetSec, nowMs }))
        .map(({ arrivals, arrivedWithinTarget }) => ({ arrivals, withinTarget: arrivedWithinTarget }));
      return judgeRun({ minutes, workerSec: run.workerSec }, demo);
    },
  };
}
