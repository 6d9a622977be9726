import { type CostAnalysis, durationText, type Policy } from '@capplan/contracts';
import type { Candidate, CandidateField } from './candidates.ts';
import type { PoolFacts } from './decision-input.ts';
import type { Settings } from './settings.ts';

/**
 * Money over the horizon the decision looked at, against leaving the count as it is.
 *
 * `additional_cost` counts the workers from their order on, so a scale-up pays for its start-up too.
 */
export function costImpactOf(options: {
  field: CandidateField;
  pool: PoolFacts;
  settings: Settings;
  staying: Candidate;
  chosen: Candidate;
}): CostAnalysis {
  const { field, pool, settings, staying, chosen } = options;
  const horizonSec = field.demand.steps * field.demand.stepSec;
  const missedMinute = field.pricing.missedMinute * (pool.workerCostPerHour / 60);
  const additional = ((chosen.workers - staying.workers) * pool.workerCostPerHour * horizonSec) / 3600;
  const savings = (staying.outcome.missedMinutes - chosen.outcome.missedMinutes) * missedMinute;
  return {
    currency: settings.currency,
    horizon: durationText(horizonSec),
    additional_cost: cents(additional),
    violation_savings: cents(savings),
    net_savings: cents(cents(savings) - cents(additional)),
    cost_per_hour_before: cents(staying.workers * pool.workerCostPerHour),
    cost_per_hour_after: cents(chosen.workers * pool.workerCostPerHour),
  };
}

function cents(amount: number): number {
  return Math.round(amount * 1e4) / 1e4;
}

/** Changes that need two people when a policy does not say. */
export const largeChangeDefaults = { workers: 50, share: 1, shareFromWorkers: 5 } as const;

/** Whether a change is large by workers, by share of the present ones or by money. */
export function isLargeChange(policy: Policy, pool: PoolFacts, fromWorkers: number, toWorkers: number): boolean {
  const moved = Math.abs(toWorkers - fromWorkers);
  if (moved === 0) return false;
  const { large_change_workers, large_change_share, large_change_cost_per_hour } = policy.approval ?? {};
  if (moved >= (large_change_workers ?? largeChangeDefaults.workers)) return true;
  if (large_change_share === undefined) {
    if (moved > largeChangeDefaults.shareFromWorkers && moved > largeChangeDefaults.share * fromWorkers) return true;
  } else if (moved > large_change_share * Math.max(1, fromWorkers)) return true;
  return large_change_cost_per_hour !== undefined && moved * pool.workerCostPerHour >= large_change_cost_per_hour;
}
