import { type Snapshot, workersMax } from '@capplan/contracts';
import { attemptsPerJob } from './attempts-per-job.ts';
import type { DecisionInput, PastChange } from './decision-input.ts';
import { believableArrivals } from './plausibility.ts';
import { estimatedScv } from './service-estimate.ts';

/** Where the pool stands at this moment. */
export interface Present {
  /** Workers that take jobs. */
  readyWorkers: number;
  /** Workers ordered and not there yet, with the time until they are, soonest first. */
  starting: { workers: number; readyInSec: number }[];
  /** Ready and starting: what has been ordered. */
  orderedWorkers: number;
  busySlots: number;
  backlog: number;
  /** New jobs per second; retries are not among them. */
  arrivalRatePerSec: number;
  /** Attempts that one job takes, ≥ 1: each of them holds a slot for a service time. */
  attemptsPerJob: number;
  serviceMeanSec: number;
  serviceScv: number;
}

/**
 * Reads a snapshot into the present.
 *
 * `current_workers` are those that take jobs and `starting_workers` come on top. Sources exist that count starting
 * ones in both; where the last change says how many were ordered, the reading that agrees with it is taken.
 */
export function readPresent(snapshot: Snapshot, input: DecisionInput): Present {
  const { pool, history, nowMs } = input;
  const startingWorkers = snapshot.starting_workers;
  const last = newestChange(history.changes);
  let readyWorkers = snapshot.current_workers;
  if (startingWorkers > 0 && last !== undefined && readyWorkers >= startingWorkers) {
    const onTop = Math.abs(readyWorkers + startingWorkers - last.toWorkers);
    const within = Math.abs(readyWorkers - last.toWorkers);
    if (within < onTop) readyWorkers -= startingWorkers;
  }
  const service = plausible(serviceOf(snapshot, input));
  return {
    readyWorkers,
    starting: spreadStarting(startingWorkers, history.changes, nowMs, pool.startupDelaySec),
    orderedWorkers: Math.min(workersMax, readyWorkers + startingWorkers),
    busySlots: Math.min(snapshot.busy_slots, readyWorkers * pool.concurrency),
    backlog: snapshot.backlog,
    arrivalRatePerSec: believableArrivals(snapshot),
    attemptsPerJob: attemptsPerJob(snapshot),
    serviceMeanSec: service.meanSec,
    serviceScv: service.scv,
  };
}

/** A hint is worth so many measured jobs: of long jobs the short ones end first, and the first few say too little. */
const hintJobs = 20;

/** The long estimate when there is one, else this interval's; the pool's hint as a few jobs beside them, else alone, else one second. */
function serviceOf(snapshot: Snapshot, { service, pool }: DecisionInput): { meanSec: number; scv: number } {
  const { serviceTimeHintSec: hintSec } = pool;
  const measured =
    service !== undefined && service.meanSec > 0
      ? { jobs: service.jobs, meanSec: service.meanSec, scv: estimatedScv(service) }
      : {
          jobs: snapshot.completion_rate * snapshot.interval_s,
          meanSec: snapshot.service_time_mean_s,
          scv: snapshot.service_time_scv,
        };
  if (!(measured.meanSec > 0)) return { meanSec: hintSec ?? 1, scv: 1 };
  if (hintSec === undefined) return measured;
  const share = hintJobs / (hintJobs + measured.jobs);
  const meanSec = share * hintSec + (1 - share) * measured.meanSec;
  const square = share * 2 * hintSec ** 2 + (1 - share) * measured.meanSec ** 2 * (1 + measured.scv);
  return { meanSec, scv: Math.max(0, square / meanSec ** 2 - 1) };
}

/** What a source says of its service times within what queueing formulas can bear: a microsecond to thirty years, scv 100. */
function plausible({ meanSec, scv }: { meanSec: number; scv: number }): { meanSec: number; scv: number } {
  return { meanSec: Math.min(1e9, Math.max(1e-6, meanSec)), scv: Math.min(100, scv) };
}

export function newestChange(changes: readonly PastChange[]): PastChange | undefined {
  let newest: PastChange | undefined;
  for (const change of changes) if (newest === undefined || change.timeMs >= newest.timeMs) newest = change;
  return newest;
}

/** When each starting worker will be there, from the orders of the last start-up delay; the rest as late as possible. */
function spreadStarting(
  workers: number,
  changes: readonly PastChange[],
  nowMs: number,
  startupDelaySec: number,
): Present['starting'] {
  if (workers === 0) return [];
  const orders = changes
    .filter((change) => change.toWorkers > change.fromWorkers && change.timeMs + startupDelaySec * 1000 > nowMs)
    .sort((a, b) => b.timeMs - a.timeMs);
  const starting: Present['starting'] = [];
  let left = workers;
  for (const order of orders) {
    if (left === 0) break;
    const share = Math.min(left, order.toWorkers - order.fromWorkers);
    starting.push({ workers: share, readyInSec: Math.max(0, (order.timeMs - nowMs) / 1000 + startupDelaySec) });
    left -= share;
  }
  if (left > 0) starting.push({ workers: left, readyInSec: startupDelaySec });
  return starting.sort((a, b) => a.readyInSec - b.readyInSec);
}
