import { attemptsPerJob } from './attempts-per-job.ts';
import type { CandidateField } from './candidates.ts';
import type { DecisionInput } from './decision-input.ts';
import { filledWithin, stillBusySlots } from './field.ts';
import { believableArrivals } from './plausibility.ts';
import { createRecentLoad, type LoadSlice } from './recent-load.ts';
import type { Settings } from './settings.ts';
import { sizeForLoad } from './size-for-load.ts';
import { tuning } from './tuning.ts';

/** Workers that queueing theory asks for with what has been measured, and nothing foreseen. */
export interface MeasuredNeed {
  /** For the demand of now, carried over the start-up delay where it rises, and for working off what waits. */
  workers: number;
  /** The same for the highest level of the last ten minutes, and no fewer than are busy for longer: what scale-in keeps. */
  keptWorkers: number;
  /** Load behind `workers`, erlangs. */
  loadErlangs: number;
}

/** The share of jobs that may be late when a steady pool is sized: half of what an objective for 95 % allows. */
const percentile = 0.975;
/** The stretch that a level is taken over lies between these. */
const levelSecMin = 60;
const levelSecMax = 600;
const keptMs = 600_000;
/** A rise between two halves of the stretch counts from so many deviations of its own count. */
const riseDeviations = 2;

/**
 * How many workers would a pool without a forecast need?
 *
 * The level of the last start-up delay and objective together - as long as an order takes to help, and as jobs may wait -
 * with three quarters of a deviation of its count. A rise that its count cannot explain goes on over the start-up delay. The load is
 * sized by M/G/c for 2.5 % late jobs; what waits is worked off within the longer of objective and start-up delay.
 *
 * @returns undefined while nothing has been measured
 */
export function measuredNeed(
  input: DecisionInput,
  settings: Settings,
  field: CandidateField,
): MeasuredNeed | undefined {
  const { pool, nowMs } = input;
  const { present } = field;
  const slices = slicesOf(input);
  const levelSec = Math.min(levelSecMax, Math.max(levelSecMin, pool.startupDelaySec + settings.latencySec));
  const level = levelAt(slices, nowMs, levelSec);
  if (level === undefined) return undefined;
  const sizedFor = {
    serviceMeanSec: present.serviceMeanSec,
    serviceScv: present.serviceScv,
    concurrency: pool.concurrency,
    latency: { of: settings.latencyOf, percentile, targetSec: settings.latencySec },
  };
  const loadOf = (ratePerSec: number) => filledWithin(ratePerSec * present.serviceMeanSec, field);
  const withinSec = Math.max(settings.latencySec, pool.startupDelaySec, present.serviceMeanSec);
  const forWaiting = Math.ceil((present.backlog * present.serviceMeanSec) / withinSec / pool.concurrency - 1e-9);
  const loadErlangs = loadOf(risingRate(slices, { nowMs, levelSec, aheadSec: pool.startupDelaySec }) ?? upper(level));
  const keptLoad = loadOf(Math.max(upper(level), highestLevel(slices, { fromMs: nowMs - keptMs, levelSec })));
  const busyWorkers = Math.ceil(stillBusySlots(field) / pool.concurrency - 1e-9);
  return {
    workers: sizeForLoad(loadErlangs, sizedFor) + forWaiting,
    keptWorkers: Math.max(sizeForLoad(keptLoad, sizedFor) + forWaiting, busyWorkers),
    loadErlangs,
  };
}

/** Where no memory is given, the newest snapshot is all there is. */
function slicesOf({ recent, snapshot }: DecisionInput): readonly LoadSlice[] {
  const { slices } = recent ?? createRecentLoad();
  if (slices.length > 0 || snapshot === undefined) return slices;
  const sec = snapshot.interval_s;
  const attempts = believableArrivals(snapshot) * attemptsPerJob(snapshot) * sec;
  return [{ endMs: Date.parse(snapshot.timestamp), attempts, sec }];
}

interface Level {
  attempts: number;
  sec: number;
}

function levelAt(slices: readonly LoadSlice[], endMs: number, sec: number): Level | undefined {
  const level = { attempts: 0, sec: 0 };
  for (const slice of slices) {
    if (slice.endMs > endMs || slice.endMs <= endMs - sec * 1000) continue;
    level.attempts += slice.attempts;
    level.sec += slice.sec;
  }
  return level.sec > 0 ? level : undefined;
}

/** Of n counted attempts n - 1 speak for a rate, since any moment can bring one; and the deviation of a count is its root. */
function upper({ attempts, sec }: Level): number {
  const counted = Math.max(0, attempts - 1);
  return (counted + tuning.measuredDeviations * Math.sqrt(counted)) / sec;
}

/** The rate at the end of the start-up delay, where the newer half of the stretch is above the older beyond chance. */
function risingRate(
  slices: readonly LoadSlice[],
  { nowMs, levelSec, aheadSec }: { nowMs: number; levelSec: number; aheadSec: number },
): number | undefined {
  const halfSec = levelSec / 2;
  const newer = levelAt(slices, nowMs, halfSec);
  const older = levelAt(slices, nowMs - 1000 * halfSec, halfSec);
  if (newer === undefined || older === undefined) return undefined;
  const rise = newer.attempts / newer.sec - older.attempts / older.sec;
  const deviation = Math.hypot(Math.sqrt(newer.attempts) / newer.sec, Math.sqrt(older.attempts) / older.sec);
  if (!(rise > riseDeviations * deviation)) return undefined;
  return upper(newer) + (rise / halfSec) * (halfSec / 2 + aheadSec);
}

/** The highest level that a stretch of this length has had since, attempts per second. */
function highestLevel(
  slices: readonly LoadSlice[],
  { fromMs, levelSec }: { fromMs: number; levelSec: number },
): number {
  const level = { attempts: 0, sec: 0 };
  let highest = 0;
  let oldest = 0;
  for (const slice of slices) {
    level.attempts += slice.attempts;
    level.sec += slice.sec;
    for (let old = slices[oldest]; old && old.endMs <= slice.endMs - levelSec * 1000; old = slices[oldest]) {
      level.attempts -= old.attempts;
      level.sec -= old.sec;
      oldest++;
    }
    if (slice.endMs > fromMs && level.sec > 0) highest = Math.max(highest, upper(level));
  }
  return highest;
}
