import { requireNumber } from './require-number.ts';
import { requireService, type ServiceDistribution } from './service-distribution.ts';

/** A share `percentile` of jobs must wait, or wait and be served, within `targetSec`. */
export interface LatencyObjective {
  readonly of: 'response' | 'wait';
  /** In (0, 1), for example 0.95. */
  readonly percentile: number;
  readonly targetSec: number;
}

/** What a pool is offered, and what must hold. Every objective may be left out; then only keeping up with the load counts. */
export interface SizeQuery {
  /** Jobs offered per second, ≥ 0. */
  readonly arrivalRatePerSec: number;
  readonly service: ServiceDistribution;
  /** Variance / mean of arrival counts; 1 (default) is Poisson. */
  readonly arrivalDispersion?: number;
  /** Jobs one worker does at a time; default 1. */
  readonly concurrency?: number;
  readonly latency?: LatencyObjective;
  /** At most this share of jobs may have to wait at all, in (0, 1]. */
  readonly waitProbabilityMax?: number;
  /** No more than `jobsMax` jobs may wait, in a share `percentile` (default 0.99) of the time. */
  readonly backlog?: { readonly jobsMax: number; readonly percentile?: number };
  /** A backlog that is there now must be gone within a time. */
  readonly drain?: { readonly backlogJobs: number; readonly withinSec: number };
  /** Enough workers must be up in a share `target` of the time, when each by itself is up in a share `workerUp` of it. */
  readonly availability?: { readonly target: number; readonly workerUp: number };
  /** Busy share of all slots, in (0, 1]. */
  readonly utilizationMax?: number;
  /** Bounds from policy; default 0 and 1,000,000. */
  readonly workersMin?: number;
  readonly workersMax?: number;
}

/** What can decide a size; `stability` is plain keeping up with the load. Of equal needs the later one here is named. */
export const sizeConstraints = [
  'workers_min',
  'stability',
  'utilization',
  'drain',
  'backlog',
  'wait_probability',
  'latency',
  'availability',
] as const;
export type SizeConstraint = (typeof sizeConstraints)[number];

/** Refuses a query that cannot be answered, naming the field. */
export function requireSizeQuery(query: SizeQuery): void {
  requireNumber('arrivalRatePerSec', query.arrivalRatePerSec, { min: 0, max: 1e15 });
  requireService(query.service);
  requireNumber('arrivalDispersion', query.arrivalDispersion ?? 1, { min: 0, max: 10_000 });
  requireNumber('concurrency', query.concurrency ?? 1, { min: 1, max: 1e6, whole: true });
  const { latency, backlog, drain, availability } = query;
  if (latency) {
    requireNumber('latency.percentile', latency.percentile, { above: 0, max: 1 - 1e-9 });
    requireNumber('latency.targetSec', latency.targetSec, { min: 0 });
  }
  requireNumber('waitProbabilityMax', query.waitProbabilityMax ?? 1, { above: 0, max: 1 });
  if (backlog) {
    requireNumber('backlog.jobsMax', backlog.jobsMax, { min: 0 });
    requireNumber('backlog.percentile', backlog.percentile ?? 0.99, { above: 0, max: 1 - 1e-9 });
  }
  if (drain) {
    requireNumber('drain.backlogJobs', drain.backlogJobs, { min: 0 });
    requireNumber('drain.withinSec', drain.withinSec, { above: 0 });
  }
  if (availability) {
    requireNumber('availability.target', availability.target, { above: 0, max: 1 - 1e-12 });
    requireNumber('availability.workerUp', availability.workerUp, { above: 0, max: 1 });
  }
  requireNumber('utilizationMax', query.utilizationMax ?? 1, { above: 0, max: 1 });
  requireNumber('workersMin', query.workersMin ?? 0, { min: 0, max: 1e9, whole: true });
  requireNumber('workersMax', query.workersMax ?? 0, { min: 0, max: 1e9, whole: true });
}
