import type { Snapshot } from '@capplan/contracts';

/** So many attempts count as if they had succeeded: a handful of failures is no failure rate. */
const attemptsOfDoubt = 20;

/**
 * How many attempts does one new job take?
 *
 * With a share p of attempts that fail and come back it is 1 / (1 - p). Where nobody says which failures come back, the
 * flow tells: attempts that ended per second, against new jobs per second; where failed jobs are given up they are equal.
 */
export function attemptsPerJob(snapshot: Snapshot): number {
  const { error_rate: failing, completion_rate: completed, arrival_rate: arrivals, interval_s: sec } = snapshot;
  const attemptsPerSec = snapshot.attempt_rate ?? (failing < 1 ? completed / (1 - failing) : completed);
  const returning =
    snapshot.retry_rate !== undefined && attemptsPerSec > 0 ? snapshot.retry_rate / attemptsPerSec : failing;
  if (!(returning > 0)) return 1;
  const ended = attemptsPerSec * sec;
  const share = Math.min(returning, returningMost) * (ended / (ended + attemptsOfDoubt));
  if (snapshot.retry_rate !== undefined) return 1 / (1 - share);
  return arrivals > 0 ? Math.min(1 / (1 - share), Math.max(1, attemptsPerSec / arrivals)) : 1;
}

/** Where nearly everything fails, a dependency is down, and more workers would help nobody. */
const returningMost = 0.95;
