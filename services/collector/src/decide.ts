import {
  durationSec,
  durationText,
  type HistoryPoint,
  type QuantileSketch,
  type Snapshot,
  timestamp,
} from '@capplan/contracts';
import type { SketchWire } from '@capplan/sketch';
import { estimateDemand } from './observe/demand.ts';
import { type FinishedJobs, inferService, sumFinishedJobs } from './observe/finished-jobs.ts';
import { countFleet, type Fleet } from './observe/fleet.ts';
import {
  emptyMemory,
  type Observation,
  type ObserveSettings,
  type PoolMemory,
  type Suspect,
  type WindowInput,
  windowEndMs,
} from './observe/observation.ts';

/** A snapshot names so many suspects; more would say nothing new. */
const SUSPECTS_MAX = 32;

/**
 * What did this pool do in this window, and how far can that be believed?
 *
 * Counts the fleet, sums the finished jobs, estimates demand, holds the sources against each other and against what is
 * possible. Everything odd is named in `quality.suspects`, and one suspect is enough for `trusted: false`; values then
 * lean to the safe side.
 *
 * `service_time_*` look back over some ten minutes, because a window holds too few jobs for a variance;
 * `response_time_*` and `wait_time_sketch` are of this window alone, because an objective is kept or missed in it.
 *
 * @returns the snapshot, and what the next window has to know
 */
export function observeWindow(input: WindowInput, settings: ObserveSettings): Observation {
  const { pool, closed } = input;
  const nowMs = windowEndMs(input.window, settings.intervalSec);
  const history = judgeHistory(input, settings);
  const memory = history.memory;

  const fleet = countFleet(
    {
      pool,
      seen: closed.workers,
      reports: closed.reports,
      rollout: input.rollout,
      memory,
      nowMs,
    },
    settings,
  );
  const jobs = sumFinishedJobs({ pool, reports: closed.reports, seen: closed.workers, memory }, settings);
  const idle = judgeIdleness({ jobs, fleet, intervalSec: settings.intervalSec, before: memory.streaks.hiddenWork });
  const fleetTrusted = fleet.suspects.length === 0 && idle.suspects.length === 0;
  const busySlots = fleetTrusted && fleet.slots > 0 ? fleet.utilization * fleet.slots : null;
  const { service, ...inferred } = inferService({ jobs, busySlots, memory }, settings);
  const demand = estimateDemand(
    {
      depth: input.depth,
      reports: closed.reports,
      reportedBacklog: fleet.reportedBacklog,
      queueKind: pool.queue.kind,
      departed: jobs.departed,
      completed: jobs.completed,
      attempts: jobs.completed + jobs.failed,
      retried: jobs.retried,
      busy: fleet.busy,
      utilization: fleet.utilization,
      waitSecP50: jobs.wait.quantile(0.5),
      serviceMeanSec: service.meanSec,
      fleetTrusted,
      memory,
      windowEndMs: nowMs,
    },
    settings,
  );
  const suspects = [history, fleet, idle, demand, inferred, jobs]
    .flatMap((part): readonly Suspect[] => part.suspects)
    .slice(0, SUSPECTS_MAX);
  const unknown = [
    ...(fleet.isKnown ? [] : (['current_workers'] as const)),
    ...(inferred.isKnown ? [] : (['service_time'] as const)),
  ];
  const notes = [...fleet.notes, ...inferred.notes];
  const ended = jobs.completed + jobs.failed;
  const snapshot: Snapshot = {
    pool: pool.id,
    timestamp: timestamp(nowMs),
    interval_s: settings.intervalSec,
    arrival_rate: demand.arrivalRatePerSec,
    completion_rate: jobs.completed / settings.intervalSec,
    attempt_rate: ended / settings.intervalSec,
    retry_rate: jobs.retried / settings.intervalSec,
    service_rate: service.meanSec > 0 ? pool.concurrency / service.meanSec : 0,
    service_time_mean_s: service.meanSec,
    service_time_scv: service.scv,
    service_time_p50: durationText(service.secP50),
    service_time_p95: durationText(service.secP95),
    ...(service.sketch !== null && { service_time_sketch: mutable(service.sketch) }),
    ...(jobs.response.count > 0 && {
      response_time_p95: durationText(jobs.response.quantile(0.95)),
      response_time_sketch: mutable(jobs.response.toWire()),
    }),
    ...(jobs.wait.count > 0 && { wait_time_sketch: mutable(jobs.wait.toWire()) }),
    current_workers: fleet.workers,
    starting_workers: fleet.starting,
    busy_slots: fleet.busy,
    slots: fleet.slots,
    utilization: Math.min(1, fleet.utilization),
    backlog: demand.backlog,
    error_rate: ended > 0 ? jobs.failed / ended : 0,
    cost_per_hour: fleet.paid * pool.worker_cost_per_hour,
    quality: {
      trusted: suspects.length === 0,
      suspects,
      ...(unknown.length > 0 && { unknown }),
      ...(notes.length > 0 && { notes }),
    },
  };
  const { disagreement, surge, frozenDepth, hiddenBacklog, retriesOut, absurd, ...known } = demand.memory;
  return {
    window: input.window,
    snapshot,
    memory: {
      ...known,
      workers: fleet.workers,
      haveAllLeft: fleet.haveAllLeft,
      knownSinceMs: closed.knownSinceMs,
      ...(history.lostInWindow !== undefined && { lostInWindow: history.lostInWindow }),
      service: service.sketch,
      unmeasured: inferred.unmeasured,
      streaks: { disagreement, surge, frozenDepth, hiddenBacklog, retriesOut, absurd, hiddenWork: idle.windows },
    },
  };
}

/**
 * Is what was known of this pool still there? A store that was emptied (FLUSHALL, a failover to an empty replica) knows
 * the pool since another moment than before. Then everything is learned anew, and said to be for as long as the service
 * time looks back: what was never measured is not zero.
 */
function judgeHistory(
  { closed, window, rememberedSinceMs }: WindowInput,
  settings: ObserveSettings,
): { memory: PoolMemory; lostInWindow: number | undefined; suspects: Suspect[] } {
  const memory = closed.previous?.memory ?? emptyMemory();
  const beforeMs = memory.knownSinceMs ?? rememberedSinceMs;
  const isLost = beforeMs !== undefined && beforeMs !== closed.knownSinceMs;
  const lostInWindow = isLost ? window : memory.lostInWindow;
  if (lostInWindow === undefined || (window - lostInWindow) * settings.intervalSec >= settings.serviceHalfLifeSec) {
    return { memory, lostInWindow: undefined, suspects: [] };
  }
  const detail = `what was known of this pool was lost before ${timestamp(windowEndMs(lostInWindow, settings.intervalSec))}; it is learned anew`;
  return { memory, lostInWindow, suspects: [{ source: 'history', reason: 'missing', detail }] };
}

/** What history keeps of a snapshot. */
export function historyPoint(snapshot: Snapshot): HistoryPoint {
  return {
    timestamp: snapshot.timestamp,
    interval_s: snapshot.interval_s,
    arrival_rate: snapshot.arrival_rate,
    completion_rate: snapshot.completion_rate,
    service_time_mean_s: snapshot.service_time_mean_s,
    service_time_scv: snapshot.service_time_scv,
    response_time_p95_s: snapshot.response_time_p95 === undefined ? null : durationSec(snapshot.response_time_p95),
    current_workers: snapshot.current_workers,
    busy_slots: snapshot.busy_slots,
    utilization: snapshot.utilization,
    backlog: snapshot.backlog,
    error_rate: snapshot.error_rate,
    trusted_share: snapshot.quality.trusted ? 1 : 0,
    ...(snapshot.cost_per_hour !== undefined && { cost_per_hour: snapshot.cost_per_hour }),
  };
}

/** Heartbeats that all say idle, while at least two slots' worth of work gets done: somebody lies. */
function judgeIdleness(input: { jobs: FinishedJobs; fleet: Fleet; intervalSec: number; before: number }): {
  windows: number;
  suspects: Suspect[];
} {
  const { jobs, fleet } = input;
  const busyByWork = jobs.workSec / input.intervalSec;
  const isHidden = fleet.workers > 0 && fleet.busy === 0 && fleet.utilization === 0 && busyByWork >= 2;
  const windows = isHidden ? input.before + 1 : 0;
  if (windows < 2) return { windows, suspects: [] };
  const detail = `every heartbeat says idle, while ${busyByWork.toFixed(1)} slots' worth of work was done`;
  return { windows, suspects: [{ source: 'workers', reason: 'zero_not_empty', detail }] };
}

function mutable(wire: SketchWire): QuantileSketch {
  return { ...wire, counts: [...wire.counts] };
}

/**
 * Is there something new to say about trust? Only a change of who is suspect, and why, is worth a message; the same
 * suspicion repeats in every snapshot.
 */
export function isNewSuspicion(previous: Snapshot | undefined, now: Snapshot): boolean {
  if (now.quality.suspects.length === 0) return false;
  const names = (snapshot: Snapshot | undefined): string =>
    [...new Set((snapshot?.quality.suspects ?? []).map(({ source, reason }) => `${source} ${reason}`))]
      .sort()
      .join(',');
  return names(previous) !== names(now);
}

/** The resolution of an answer about the past where the asker names none: fine for hours, coarse for months. */
export function resolutionSec(rangeSec: number, intervalSec: number): number {
  if (rangeSec <= 6 * 3600) return intervalSec;
  return rangeSec <= 7 * 86_400 ? 300 : 3600;
}
