import { requireNumber } from './require-number.ts';

/** A backlog and what is done about it, as flows: jobs come and go at steady rates within a step. */
export interface Overload {
  /** Jobs waiting at the start, ≥ 0. */
  readonly backlogJobs: number;
  /** Jobs offered per second, ≥ 0. */
  readonly arrivalRatePerSec: number;
  /** Mean time a job holds a server, > 0. */
  readonly serviceTimeSecMean: number;
}

/**
 * How long until a backlog is gone?
 *
 * A fluid: servers stay busy while there is a backlog, which shrinks by cμ - λ a second. Good for backlogs of many jobs per
 * server; for short lines the stationary models answer.
 *
 * @returns seconds; 0 without backlog, Infinity when the servers cannot do more than what arrives
 * @example drainTimeSec({ backlogJobs: 600, arrivalRatePerSec: 5, serviceTimeSecMean: 1, servers: 7 }) // 300
 */
export function drainTimeSec(overload: Overload & { readonly servers: number }): number {
  requireOverload(overload);
  requireNumber('servers', overload.servers, { min: 0 });
  if (overload.backlogJobs === 0) return 0;
  const surplus = overload.servers / overload.serviceTimeSecMean - overload.arrivalRatePerSec;
  return surplus > 0 ? overload.backlogJobs / surplus : Number.POSITIVE_INFINITY;
}

/**
 * Fewest servers that take a backlog away within a given time, besides serving what arrives.
 *
 * @param overload.drainSec > 0
 * @example serversToDrain({ backlogJobs: 600, arrivalRatePerSec: 5, serviceTimeSecMean: 1, drainSec: 300 }) // 7
 */
export function serversToDrain(overload: Overload & { readonly drainSec: number }): number {
  requireOverload(overload);
  requireNumber('drainSec', overload.drainSec, { above: 0 });
  const { backlogJobs, arrivalRatePerSec, serviceTimeSecMean, drainSec } = overload;
  if (backlogJobs === 0) return Math.ceil(arrivalRatePerSec * serviceTimeSecMean);
  const servers = (arrivalRatePerSec + backlogJobs / drainSec) * serviceTimeSecMean;
  // 7.000000000000001 servers are seven.
  return Math.ceil(servers - 1e-9 * Math.max(1, servers));
}

/** What a backlog does over a horizon. */
export interface FluidPath {
  /** Jobs waiting at the end of each step. */
  readonly backlogJobs: Float64Array;
  /** The most that ever waited, also within a step. */
  readonly backlogJobsMax: number;
  /** The longest that a job arriving at the end of a step would wait before service. */
  readonly waitSecMax: number;
  /** End of the first step from which no backlog is left to the end; Infinity when some is left. */
  readonly clearedAtSec: number;
}

/**
 * How does a backlog rise and fall while rates and servers change?
 *
 * Fluid, step by step. Jobs in service are not part of the backlog: it starts to grow when the rate exceeds what the
 * servers can do. With `startupDelaySec`, servers that are added at a step count only after the delay, and servers taken away go at once.
 *
 * @param query.ratesPerSec arrival rate in each step
 * @param query.servers servers ordered in each step (0 or more, fractions allowed); the last holds on
 * @param query.serversBefore servers ready at time 0; default the first of `servers`
 * @example
 * // 10 jobs/s arrive for a minute, 5 servers do 5 jobs/s, 5 more are ready after 30 s.
 * fluidBacklog({ ratesPerSec: [10, 10], servers: [10], serversBefore: 5, stepSec: 30, serviceTimeSecMean: 1, startupDelaySec: 30 });
 * // backlog 150 jobs after 30 s, and still after 60 s
 */
export function fluidBacklog(query: {
  ratesPerSec: ArrayLike<number>;
  servers: ArrayLike<number>;
  stepSec: number;
  serviceTimeSecMean: number;
  backlogJobs?: number;
  serversBefore?: number;
  startupDelaySec?: number;
}): FluidPath {
  const { ratesPerSec, servers, stepSec, serviceTimeSecMean, startupDelaySec = 0 } = query;
  requireNumber('stepSec', stepSec, { above: 0 });
  requireNumber('serviceTimeSecMean', serviceTimeSecMean, { above: 0 });
  requireNumber('startupDelaySec', startupDelaySec, { min: 0 });
  requireNumber('servers.length', servers.length, { min: 1 });
  const ordered = (step: number) =>
    step < 0
      ? (query.serversBefore ?? (servers[0] as number))
      : (servers[Math.min(step, servers.length - 1)] as number);
  let backlog = requireNumber('backlogJobs', query.backlogJobs ?? 0, { min: 0 });
  const path = new Float64Array(ratesPerSec.length);
  let backlogJobsMax = backlog;
  let waitSecMax = 0;
  let clearedAtSec = backlog > 0 ? Number.POSITIVE_INFINITY : 0;
  for (let i = 0; i < path.length; i++) {
    const rate = requireNumber(`ratesPerSec[${i}]`, ratesPerSec[i] as number, { min: 0 });
    // Within a step the delayed order may change once; `late` is the part of the step that still has the older order.
    const shift = startupDelaySec / stepSec;
    const whole = Math.floor(shift);
    const late = shift - whole;
    for (const [share, step] of [
      [late, i - whole - 1],
      [1 - late, i - whole],
    ] as const) {
      if (share === 0) continue;
      const ready = readyServers(ordered, step, i);
      requireNumber('servers', ready, { min: 0 });
      const next = Math.max(0, backlog + (rate - ready / serviceTimeSecMean) * share * stepSec);
      backlog = next;
      backlogJobsMax = Math.max(backlogJobsMax, backlog);
      if (backlog > 0) waitSecMax = Math.max(waitSecMax, (backlog * serviceTimeSecMean) / ready);
    }
    path[i] = backlog;
    if (backlog > 0) clearedAtSec = Number.POSITIVE_INFINITY;
    else if (clearedAtSec === Number.POSITIVE_INFINITY) clearedAtSec = (i + 1) * stepSec;
  }
  return { backlogJobs: path, backlogJobsMax, waitSecMax, clearedAtSec };
}

/** Servers that were ordered and not taken back during their start-up: the least order from then until now. */
function readyServers(ordered: (step: number) => number, from: number, now: number): number {
  let ready = ordered(Math.max(from, -1));
  for (let step = Math.max(from, -1) + 1; step <= now; step++) ready = Math.min(ready, ordered(step));
  return ready;
}

/** What a burst of known length does to a pool of fixed size. */
export interface TransientOverload {
  /** Most jobs waiting, at the end of the burst. */
  readonly backlogJobsMax: number;
  /** Longest wait: of the job that arrives as the burst ends. */
  readonly waitSecMax: number;
  /** From the beginning of the burst until nothing waits any more; Infinity when the usual load does not leave room. */
  readonly clearedAfterSec: number;
  /** Jobs that arrive in that time, and so wait. Infinity with the above. */
  readonly delayedJobs: number;
}

/**
 * What happens when the arrival rate exceeds capacity for a while and then falls back?
 *
 * Fluid: random fluctuation comes on top, small against a burst of many jobs.
 *
 * @param query.burstRatePerSec rate during the burst
 * @param query.arrivalRatePerSec rate after it
 * @example
 * transientOverload({ burstRatePerSec: 15, burstSec: 60, arrivalRatePerSec: 5, servers: 10, serviceTimeSecMean: 1 });
 * // 300 jobs at most, 30 s wait, cleared after 120 s
 */
export function transientOverload(query: {
  burstRatePerSec: number;
  burstSec: number;
  arrivalRatePerSec: number;
  servers: number;
  serviceTimeSecMean: number;
  backlogJobs?: number;
}): TransientOverload {
  const { burstRatePerSec, burstSec, arrivalRatePerSec, servers, serviceTimeSecMean, backlogJobs = 0 } = query;
  requireNumber('burstRatePerSec', burstRatePerSec, { min: 0 });
  requireNumber('burstSec', burstSec, { min: 0 });
  requireNumber('servers', servers, { above: 0 });
  requireOverload({ backlogJobs, arrivalRatePerSec, serviceTimeSecMean });
  const capacityPerSec = servers / serviceTimeSecMean;
  const atEnd = Math.max(0, backlogJobs + (burstRatePerSec - capacityPerSec) * burstSec);
  const backlogJobsMax = Math.max(atEnd, backlogJobs);
  const waitSecMax = backlogJobsMax / capacityPerSec;
  if (atEnd === 0) {
    const sec = drainTimeSec({ backlogJobs, arrivalRatePerSec: burstRatePerSec, serviceTimeSecMean, servers });
    return { backlogJobsMax, waitSecMax, clearedAfterSec: sec, delayedJobs: sec * burstRatePerSec };
  }
  const afterSec = drainTimeSec({ backlogJobs: atEnd, arrivalRatePerSec, serviceTimeSecMean, servers });
  return {
    backlogJobsMax,
    waitSecMax,
    clearedAfterSec: burstSec + afterSec,
    delayedJobs: burstRatePerSec * burstSec + (afterSec === 0 ? 0 : arrivalRatePerSec * afterSec),
  };
}

function requireOverload({ backlogJobs, arrivalRatePerSec, serviceTimeSecMean }: Overload): void {
  requireNumber('backlogJobs', backlogJobs, { min: 0 });
  requireNumber('arrivalRatePerSec', arrivalRatePerSec, { min: 0 });
  requireNumber('serviceTimeSecMean', serviceTimeSecMean, { above: 0 });
}
