import type { Snapshot } from '@capplan/contracts';

/** Mean and second moment of service times, over a long and over a short memory. Plain JSON. */
export interface ServiceEstimate {
  /** Jobs behind the long memory; it stops growing when the memory is full. */
  jobs: number;
  meanSec: number;
  /** Mean of the squares, seconds². */
  squareSec2: number;
  shortJobs: number;
  shortMeanSec: number;
  shortSquareSec2: number;
}

export function createServiceEstimate(): ServiceEstimate {
  return { jobs: 0, meanSec: 0, squareSec2: 0, shortJobs: 0, shortMeanSec: 0, shortSquareSec2: 0 };
}

const longJobs = 20_000;
const shortJobs = 400;

/**
 * Takes in the service times of one snapshot, weighted by the jobs behind them.
 *
 * One interval holds few jobs: at 80 jobs with scv 4 its mean is off by a fifth as often as not, which would move the
 * number of workers by as much. So the long memory is what counts - until the short one contradicts it by more than
 * four of its own standard errors, which is what a slow dependency looks like; then the short one takes over.
 */
export function observeService(estimate: ServiceEstimate, snapshot: Snapshot): void {
  const mean = snapshot.service_time_mean_s;
  const jobs = snapshot.completion_rate * snapshot.interval_s;
  if (!(mean > 0) || !(jobs > 0) || !snapshot.quality.trusted) return;
  const square = mean * mean * (1 + snapshot.service_time_scv);
  estimate.jobs = Math.min(longJobs, estimate.jobs + jobs);
  const share = Math.min(1, jobs / estimate.jobs);
  estimate.meanSec += share * (mean - estimate.meanSec);
  estimate.squareSec2 += share * (square - estimate.squareSec2);
  estimate.shortJobs = Math.min(shortJobs, estimate.shortJobs + jobs);
  const shortShare = Math.min(1, jobs / estimate.shortJobs);
  estimate.shortMeanSec += shortShare * (mean - estimate.shortMeanSec);
  estimate.shortSquareSec2 += shortShare * (square - estimate.shortSquareSec2);
  const variance = Math.max(estimate.squareSec2, estimate.shortSquareSec2) - estimate.meanSec ** 2;
  // An exponential memory of n jobs has the variance of about n/2 independent ones... of n × 2, seen from its weights.
  const standardError = Math.sqrt(Math.max(0, variance) / Math.max(1, 2 * estimate.shortJobs));
  if (estimate.shortJobs >= shortJobs && Math.abs(estimate.shortMeanSec - estimate.meanSec) > 6 * standardError) {
    estimate.jobs = estimate.shortJobs;
    estimate.meanSec = estimate.shortMeanSec;
    estimate.squareSec2 = estimate.shortSquareSec2;
  }
}

/** The squared coefficient of variation behind the estimate; 1 while nothing is known. */
export function estimatedScv(estimate: ServiceEstimate): number {
  if (!(estimate.meanSec > 0)) return 1;
  return Math.max(0, estimate.squareSec2 / estimate.meanSec ** 2 - 1);
}
