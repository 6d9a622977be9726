/** Money spent on one pool in the running hour and month (UTC). */
export interface Spending {
  hour: { startMs: number; spent: number };
  month: { startMs: number; spent: number };
  /** End of the newest interval that is counted. */
  untilMs: number;
}

export const hourMs = 3_600_000;

export function hourStart(ms: number): number {
  return Math.floor(ms / hourMs) * hourMs;
}

export function monthStart(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

export function monthEnd(ms: number): number {
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
