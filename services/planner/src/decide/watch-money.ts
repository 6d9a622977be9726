import { type BudgetAlert, type Policy, type Snapshot, timestamp } from '@capplan/contracts';

/** Money spent on one pool in the running hour and month (UTC). */
export interface Spending {
  hour: { startMs: number; spent: number };
  month: { startMs: number; spent: number };
  /** End of the newest interval that is counted. */
  untilMs: number;
}

const hourMs = 3_600_000;

export function hourStart(ms: number): number {
  return Math.floor(ms / hourMs) * hourMs;
}

export function monthStart(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function monthEnd(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

export function noSpending(ms: number): Spending {
  return { hour: { startMs: hourStart(ms), spent: 0 }, month: { startMs: monthStart(ms), spent: 0 }, untilMs: 0 };
}

/** Adds one interval that ended at `endMs`. Intervals already counted, and those of earlier periods, add nothing. */
export function spend(before: Spending, interval: { endMs: number; lengthMs: number; costPerHour: number }): Spending {
  const { endMs, lengthMs, costPerHour } = interval;
  if (endMs <= before.untilMs) return before;
  const startMs = Math.max(endMs - lengthMs, before.untilMs);
  const [hour, month] = [hourStart(endMs), monthStart(endMs)];
  const within = (fromMs: number) => (costPerHour * Math.max(0, endMs - Math.max(startMs, fromMs))) / hourMs;
  return {
    hour: { startMs: hour, spent: (before.hour.startMs === hour ? before.hour.spent : 0) + within(hour) },
    month: { startMs: month, spent: (before.month.startMs === month ? before.month.spent : 0) + within(month) },
    untilMs: endMs,
  };
}

/** The same until the end of each period, if the cost stays what it is now. */
export function projected(spending: Spending, costPerHour: number, nowMs: number): { hour: number; month: number } {
  const left = (endMs: number) => (costPerHour * Math.max(0, endMs - nowMs)) / hourMs;
  return {
    hour: spending.hour.spent + left(hourStart(nowMs) + hourMs),
    month: spending.month.spent + left(monthEnd(nowMs)),
  };
}

/** Budgets that are overrun, or will be if nothing changes. `cause` is the same all through one period. */
export function budgetAlerts(
  policy: Policy,
  spending: Spending,
  snapshot: Snapshot,
  costPerHour: number,
): { alert: BudgetAlert; cause: string }[] {
  const nowMs = Date.parse(snapshot.timestamp);
  const ahead = projected(spending, costPerHour, nowMs);
  const kind = policy.cost.budget_kind ?? 'soft';
  const budgets = [
    { period: 'hour', budget: policy.cost.hourly_budget, starts: hourStart(nowMs) },
    { period: 'month', budget: policy.cost.monthly_budget, starts: monthStart(nowMs) },
  ] as const;
  return budgets.flatMap(({ period, budget, starts }) =>
    budget === undefined || ahead[period] <= budget
      ? []
      : [
          {
            alert: {
              pool: snapshot.pool,
              period,
              kind,
              budget,
              projected: ahead[period],
              timestamp: snapshot.timestamp,
            },
            cause: `${period}:${timestamp(starts)}:${kind}:${budget}`,
          },
        ],
  );
}
