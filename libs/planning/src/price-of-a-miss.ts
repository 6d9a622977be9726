import type { PoolFacts } from './decision-input.ts';
import type { Settings } from './settings.ts';
import { tuning } from './tuning.ts';

/**
 * What one missed minute costs, in worker-minutes.
 *
 * From the policy's money where both prices are known. Otherwise from the error budget: near a good count, one worker
 * more lowers the probability of a miss from ε by about 20 ε / n for n workers (a normal demand whose deviation is 12 %
 * of its mean, at a tail of about 1 %), so a price of n / (20 ε) makes ε the share of minutes missed at the optimum.
 */
export function missedMinutePrice(
  settings: Settings,
  pool: PoolFacts,
  { loadErlangs, isLearning }: { loadErlangs: number; isLearning: boolean },
): number {
  const workerMinute = pool.workerCostPerHour / 60;
  const workers = Math.max(1, loadErlangs / pool.concurrency);
  if (settings.violationCostPerMinute !== undefined && workerMinute > 0) {
    return Math.max(
      settings.violationCostPerMinute / workerMinute,
      (isLearning ? tuning.learningMissFloor : tuning.missFloor) * workers,
    );
  }
  return workers / (20 * Math.max(settings.errorBudget, 0.0005));
}
