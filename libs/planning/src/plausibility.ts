import type { Snapshot } from '@capplan/contracts';

/** Readings of one interval are not made at one instant: this share of what the pool did may be counted elsewhere. */
const slackShare = 0.5;
const slackDeviations = 6;

/**
 * New jobs per second as far as one interval's own figures account for them.
 *
 * What arrived has ended, runs or waits by the end of the interval. An arrival rate beyond that, with room for counts that
 * fall on the other side of its ends, is a broken counter and no rush: a rush shows in what waits.
 */
export function believableArrivals(snapshot: Snapshot): number {
  const jobs = accountedJobs(snapshot);
  return snapshot.arrival_rate * snapshot.interval_s > mostJobs(jobs)
    ? jobs / snapshot.interval_s
    : snapshot.arrival_rate;
}

function accountedJobs(snapshot: Snapshot): number {
  const { completion_rate: completed, error_rate: failing, interval_s: sec, busy_slots: busy, backlog } = snapshot;
  const endedPerSec = snapshot.attempt_rate ?? (failing < 1 ? completed / (1 - failing) : completed);
  return endedPerSec * sec + busy + backlog;
}

function mostJobs(accounted: number): number {
  return (1 + slackShare) * accounted + slackDeviations * Math.sqrt(accounted + 1);
}

/** Why the figures of one interval cannot be true together; undefined when they can. */
export function contradictionOf(snapshot: Snapshot): string | undefined {
  const { arrival_rate: arrivals, completion_rate: completions, backlog, busy_slots: busy, interval_s: sec } = snapshot;
  if (![arrivals, completions, backlog, busy].every((value) => Number.isFinite(value) && value >= 0)) {
    return 'a measurement is negative or not a number';
  }
  if (arrivals === 0 && completions === 0 && backlog > 0 && snapshot.current_workers > 0 && busy === 0) {
    return `no arrivals and no completions, yet ${backlog} jobs wait in front of idle workers`;
  }
  const accounted = accountedJobs(snapshot);
  if (arrivals * sec > mostJobs(accounted)) {
    const said = Math.round(arrivals * sec);
    return `${said} jobs are said to have arrived, and those that ended, run or wait are ${Math.round(accounted)}`;
  }
  return undefined;
}
