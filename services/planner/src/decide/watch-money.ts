import { type BudgetAlert, type Policy, type Snapshot, timestamp } from '@capplan/contracts';
import { hourMs, hourStart, monthEnd, monthStart, type Spending } from '@capplan/deciding';

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
