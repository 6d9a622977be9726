import type { Forecast, Snapshot } from '@capplan/contracts';
import { attemptsPerJob } from './attempts-per-job.ts';
import { contradictionOf } from './plausibility.ts';

/** What a pool was loaded with in its last minutes. Plain JSON. */
export interface RecentLoad {
  /** Oldest first: attempts that arrived in the time up to `endMs`, and how much of it was measured. */
  slices: LoadSlice[];
}

export interface LoadSlice {
  endMs: number;
  attempts: number;
  sec: number;
}

export function createRecentLoad(): RecentLoad {
  return { slices: [] };
}

const minuteMs = 60_000;
/** Shorter intervals share a slice. */
const sliceMs = 15_000;
/** The longest stretch that a level is taken over, and the time that scale-in looks back on such levels. */
const keptMs = 20 * minuteMs;
/** A surprising fall of demand must last so long before capacity follows it; HPA's stabilisation window is the same. */
const stabilisationMs = 300_000;

/** Takes in one snapshot; one that is not believed says nothing about demand. */
export function observeRecentLoad(recent: RecentLoad, snapshot: Snapshot): void {
  if (!snapshot.quality.trusted || contradictionOf(snapshot) !== undefined) return;
  const endMs = Date.parse(snapshot.timestamp);
  const attempts = snapshot.arrival_rate * attemptsPerJob(snapshot) * snapshot.interval_s;
  const newest = recent.slices.at(-1);
  if (newest && endMs < newest.endMs) return;
  const slotOf = (ms: number) => Math.floor((ms - 1) / sliceMs);
  if (newest && slotOf(newest.endMs) === slotOf(endMs)) {
    newest.endMs = endMs;
    newest.attempts += attempts;
    newest.sec += snapshot.interval_s;
  } else recent.slices.push({ endMs, attempts, sec: snapshot.interval_s });
  recent.slices = recent.slices.filter((slice) => slice.endMs > endMs - keptMs);
}
/**
 * The attempts per second that scale-in still has to count on although the newest measurements show fewer.
 *
 * Demand below what the forecast holds possible for this moment is a surprise, and one window is not certain: until it has
 * lasted for five minutes, the busiest of those minutes counts, and where fewer minutes are known, what the forecast
 * expects. So it is with no forecast at all, or with one that is still learning.
 *
 * @param ratePerSec demand of now, attempts per second
 */
export function rateToKeep(options: {
  recent: RecentLoad;
  forecast: Forecast | undefined;
  attemptsPerJob: number;
  ratePerSec: number;
  nowMs: number;
}): number {
  const { recent, forecast, nowMs, ratePerSec } = options;
  const known = forecast?.trust.state === 'learning' ? undefined : forecast;
  const expected = known && momentOf(known, nowMs);
  if (expected && ratePerSec >= expected.leastPerSec * options.attemptsPerJob) return ratePerSec;
  const minutes = minutesUntil(recent, nowMs);
  const busiest = minutes.reduce((most, { attempts, sec }) => Math.max(most, attempts / sec), ratePerSec);
  const measuredMs = 1000 * minutes.reduce((sum, { sec }) => sum + sec, 0);
  if (!expected || measuredMs >= stabilisationMs) return busiest;
  return Math.max(busiest, expected.meanPerSec * options.attemptsPerJob);
}

/** Whether nothing has come in the last five minutes, as far as they were measured. */
export function isQuiet(recent: RecentLoad, nowMs: number): boolean {
  return minutesUntil(recent, nowMs).every(({ attempts }) => attempts === 0);
}

/** The last five minutes and the one before, each with what was measured of it. */
function minutesUntil({ slices }: RecentLoad, nowMs: number): { attempts: number; sec: number }[] {
  const minutes = new Map<number, { attempts: number; sec: number }>();
  for (const { endMs, attempts, sec } of slices) {
    const startMs = Math.floor((endMs - 1) / minuteMs) * minuteMs;
    if (startMs <= nowMs - stabilisationMs - minuteMs) continue;
    const minute = minutes.get(startMs) ?? { attempts: 0, sec: 0 };
    minutes.set(startMs, { attempts: minute.attempts + attempts, sec: minute.sec + sec });
  }
  return [...minutes.values()];
}

/** Where no interval of at least so wide a level is given, demand below half of the mean is a surprise. */
const wideLevel = 0.8;
const surpriseShare = 0.5;

function momentOf(forecast: Forecast, nowMs: number): { meanPerSec: number; leastPerSec: number } | undefined {
  const index = Math.floor((nowMs - Date.parse(forecast.made_at)) / 1000 / forecast.step_s);
  const meanPerSec = forecast.mean[Math.max(0, index)];
  if (meanPerSec === undefined) return undefined;
  const interval = forecast.intervals.find(({ level }) => level >= wideLevel);
  return { meanPerSec, leastPerSec: interval?.lower[Math.max(0, index)] ?? surpriseShare * meanPerSec };
}
