import { durationSec, type Schedule } from '@capplan/contracts';
import { Cron } from 'croner';

/** Limits that hold at a moment, with the schedules that set them. */
export interface Limits {
  minWorkers: number;
  maxWorkers: number;
  frozen: boolean;
  names: string[];
}

/**
 * Which limits hold at a moment.
 *
 * A window is open from each time its cron expression names for as long as its duration. Of several open windows the
 * highest minimum and the lowest maximum hold; where they contradict each other the maximum wins, because it is a cap.
 */
export function limitsAt(
  schedules: readonly Schedule[],
  base: { minWorkers: number; maxWorkers: number },
  atMs: number,
): Limits {
  const limits: Limits = { ...base, frozen: false, names: [] };
  let minimum: number | undefined;
  let maximum: number | undefined;
  for (const schedule of schedules) {
    if (!isOpen(schedule, atMs)) continue;
    limits.names.push(schedule.name ?? schedule.cron);
    if (schedule.freeze === true) limits.frozen = true;
    if (schedule.min_workers !== undefined) minimum = Math.max(minimum ?? 0, schedule.min_workers);
    if (schedule.max_workers !== undefined) maximum = Math.min(maximum ?? schedule.max_workers, schedule.max_workers);
  }
  limits.minWorkers = minimum ?? limits.minWorkers;
  limits.maxWorkers = maximum ?? limits.maxWorkers;
  limits.minWorkers = Math.min(limits.minWorkers, limits.maxWorkers);
  return limits;
}

const parsed = new Map<string, Cron>();

function cronOf(schedule: Schedule): Cron {
  const timezone = schedule.time_zone ?? 'UTC';
  const key = `${timezone} ${schedule.cron}`;
  let cron = parsed.get(key);
  if (cron === undefined) {
    cron = new Cron(schedule.cron, { timezone, paused: true });
    if (parsed.size >= 1000) parsed.clear();
    parsed.set(key, cron);
  }
  return cron;
}

function isOpen(schedule: Schedule, atMs: number): boolean {
  const lengthMs = durationSec(schedule.duration) * 1000;
  // The first start after (now − length) is the one that may still be open; a start at this very moment counts.
  const start = cronOf(schedule).nextRun(new Date(atMs - lengthMs));
  return start !== null && start.getTime() <= atMs;
}
