import type { DecisionInput } from './decision-input.ts';
import { affordableWorkers } from './executable-target.ts';
import type { Settings } from './settings.ts';

export interface BudgetLimit {
  /** Most workers that a hard budget allows from now on; undefined without one. */
  hardWorkers: number | undefined;
  detail: string;
  /** Most workers that a soft budget would allow; passing it is reported, not prevented. */
  softWorkers: number | undefined;
}

const hourMs = 3_600_000;

/**
 * How many workers the money allows.
 *
 * Of an hour's budget, what is not spent yet is spread over the rest of the hour, and at no moment may the workers cost more
 * than the budget an hour: that is what the executor holds every step against. Of a month's budget, what is left is spread over the next day, or over the
 * rest of the month when that is shorter: a peak may use money of later days, never money that is gone.
 */
export function budgetLimit(input: DecisionInput, settings: Settings): BudgetLimit {
  const { pool, history, nowMs } = input;
  if (!(pool.workerCostPerHour > 0)) return { hardWorkers: undefined, softWorkers: undefined, detail: '' };
  const ratesPerHour: { rate: number; detail: string; hard: boolean }[] = [];
  if (settings.hourlyBudget !== undefined) {
    const left = Math.max(0, settings.hourlyBudget - (history.spentThisHour ?? 0));
    const rate = Math.min(settings.hourlyBudget, (left * hourMs) / (hourMs - (nowMs % hourMs)));
    ratesPerHour.push({ rate, detail: `hourly budget ${settings.hourlyBudget}`, hard: settings.budgetIsHard });
  }
  if (settings.monthlyBudget !== undefined && history.spentThisMonth !== undefined) {
    const now = new Date(nowMs);
    const monthEndMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
    const hours = Math.min(24, Math.max(1, (monthEndMs - nowMs) / hourMs));
    const rate = Math.max(0, settings.monthlyBudget - history.spentThisMonth) / hours;
    ratesPerHour.push({ rate, detail: `monthly budget ${settings.monthlyBudget}`, hard: settings.budgetIsHard });
  }
  const limit: BudgetLimit = { hardWorkers: undefined, softWorkers: undefined, detail: '' };
  for (const { rate, detail, hard } of ratesPerHour) {
    const workers = affordableWorkers(rate, pool.workerCostPerHour);
    if (hard && (limit.hardWorkers === undefined || workers < limit.hardWorkers)) {
      limit.hardWorkers = workers;
      limit.detail = `${detail} pays for ${workers} workers`;
    }
    if (!hard && (limit.softWorkers === undefined || workers < limit.softWorkers)) limit.softWorkers = workers;
  }
  return limit;
}
