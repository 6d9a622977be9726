import { availabilityWorkers } from './availability.ts';
import { serviceMeanSec } from './service-distribution.ts';
import { serviceExceedance } from './service-shape.ts';
import { lateShare, type QueueAt, queueAt, SERVERS_MAX, serverNeeds } from './size-needs.ts';
import { requireSizeQuery, type SizeConstraint, type SizeQuery, sizeConstraints } from './size-query.ts';

/** One worker count, and what it would do. */
export interface SizeOutcome {
  readonly workers: number;
  readonly servers: number;
  /** Offered load / servers; 1 and more means that the queue grows without end. */
  readonly utilization: number;
  readonly waitProbability: number;
  /** Share of jobs above the latency target; undefined without one. */
  readonly lateShare: number | undefined;
  /** Whether every objective holds. */
  readonly isEnough: boolean;
}

/** Workers that one constraint asks for by itself. */
export interface WorkerNeed {
  readonly constraint: SizeConstraint;
  readonly workers: number;
}

export interface Sizing {
  readonly ok: true;
  readonly workers: number;
  readonly servers: number;
  /** The constraint that asks for this many workers. */
  readonly binding: SizeConstraint;
  /** What each constraint asks for, most first. */
  readonly required: readonly WorkerNeed[];
  readonly outcome: SizeOutcome;
  readonly sensitivity: { readonly oneFewer: SizeOutcome; readonly oneMore: SizeOutcome };
}

/**
 * Why no allowed number of workers will do.
 *
 * - `service_time_exceeds_target`: the service time alone is too often above the response target; no worker count helps.
 * - `above_workers_max`: it can be done, but with more workers than allowed.
 * - `workers_unreliable`: workers fail so often that the availability would need a million of them.
 */
export type SizeRefusal = 'service_time_exceeds_target' | 'above_workers_max' | 'workers_unreliable';

export interface NoSizing {
  readonly ok: false;
  readonly reason: SizeRefusal;
  readonly constraint: SizeConstraint;
  readonly detail: string;
  /** Workers that would do, where there is such a number. */
  readonly workersNeeded?: number;
}

export type SizeResult = Sizing | NoSizing;

const WORKERS_MAX = 1_000_000;

/**
 * How many workers does a pool need, which objective decides it, and what would one more or one fewer do?
 *
 * Stationary: rate, service and dispersion stay as they are. For changing load give the modified offered load divided by the
 * mean service time as the rate (`modifiedOfferedLoad`), and the present backlog as `drain`. Nothing arriving and nothing
 * waiting needs no worker, unless `workersMin` says so. Takes some 30 µs at a thousand servers.
 *
 * @throws RangeError for arguments out of range
 * @example
 * const answer = size({
 *   arrivalRatePerSec: 150, service: { kind: 'lognormal', meanSec: 2.1, scv: 1 }, concurrency: 10,
 *   latency: { of: 'response', percentile: 0.95, targetSec: 8 },
 * });
 * if (answer.ok) answer.workers; // 32, because of 'latency'
 */
export function size(query: SizeQuery): SizeResult {
  requireSizeQuery(query);
  const unreachable = unreachableLatency(query);
  if (unreachable) return unreachable;
  const { concurrency = 1, availability, workersMin, workersMax = WORKERS_MAX } = query;
  const at = queueAt(query);
  const needs: WorkerNeed[] = serverNeeds(query, at).map(({ constraint, servers }) => ({
    constraint,
    workers: Math.ceil(servers / concurrency),
  }));
  const workersUp = Math.max(0, ...needs.map((need) => need.workers));
  if (availability && workersUp > 0 && Number.isFinite(workersUp)) {
    const workers = availabilityWorkers({ workersUp, ...availability, workersMax: WORKERS_MAX });
    if (workers === undefined) return unreliable(workersUp, availability);
    needs.push({ constraint: 'availability', workers });
  }
  needs.push({ constraint: 'workers_min', workers: workersMin ?? 0 });
  needs.sort((x, y) => y.workers - x.workers || rank(y.constraint) - rank(x.constraint));
  const { constraint, workers } = needs[0] as WorkerNeed;
  if (workers > workersMax) {
    const isKnown = Number.isFinite(workers);
    const asked = isKnown ? `${workers} workers` : `more than ${SERVERS_MAX} slots`;
    const detail = `${constraint} asks for ${asked}; at most ${workersMax} workers are allowed`;
    return { ok: false, reason: 'above_workers_max', constraint, detail, ...(isKnown && { workersNeeded: workers }) };
  }
  const outcome = (count: number) => outcomeOf(query, at, count, workers);
  return {
    ok: true,
    workers,
    servers: workers * concurrency,
    binding: constraint,
    required: needs,
    outcome: outcome(workers),
    sensitivity: { oneFewer: outcome(Math.max(0, workers - 1)), oneMore: outcome(workers + 1) },
  };
}

/** What a given number of workers does, whether it is enough or not: `size` without the search. */
export function sizeOutcome(query: SizeQuery, workers: number): SizeOutcome {
  const sized = size({ ...query, workersMax: 1e9 });
  const enough = sized.ok ? sized.workers : Number.POSITIVE_INFINITY;
  return outcomeOf(query, queueAt(query), workers, enough);
}

function outcomeOf(query: SizeQuery, at: QueueAt, workers: number, enough: number): SizeOutcome {
  const servers = workers * (query.concurrency ?? 1);
  const a = query.arrivalRatePerSec * serviceMeanSec(query.service);
  const isEnough = workers >= enough;
  if (a === 0 || a >= servers) {
    const late = a === 0 ? 0 : 1;
    const utilization = a === 0 ? 0 : a / servers;
    return { workers, servers, utilization, waitProbability: late, lateShare: query.latency && late, isEnough };
  }
  const queue = at(servers);
  return {
    workers,
    servers,
    utilization: queue.utilization,
    waitProbability: queue.waitProbability,
    lateShare: query.latency && lateShare(queue, query.latency),
    isEnough,
  };
}

function unreachableLatency({ latency, service, arrivalRatePerSec }: SizeQuery): NoSizing | undefined {
  if (latency?.of !== 'response' || arrivalRatePerSec === 0) return undefined;
  const tooLong = serviceExceedance(service, latency.targetSec);
  const allowed = 1 - latency.percentile;
  if (tooLong < allowed) return undefined;
  const detail = `${percent(tooLong)} of jobs need more than ${latency.targetSec} s of service alone; at most ${percent(allowed)} may take longer, so that no number of workers helps`;
  return { ok: false, reason: 'service_time_exceeds_target', constraint: 'latency', detail };
}

function unreliable(workersUp: number, { target, workerUp }: { target: number; workerUp: number }): NoSizing {
  const detail = `no number of workers keeps ${workersUp} up in ${percent(target)} of the time when each is up in ${percent(workerUp)}`;
  return { ok: false, reason: 'workers_unreliable', constraint: 'availability', detail };
}

function rank(constraint: SizeConstraint): number {
  return sizeConstraints.indexOf(constraint);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`;
}
