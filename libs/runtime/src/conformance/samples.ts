import type { EventData } from '@capplan/contracts';
import type { EventToPublish } from '../ports/bus.ts';

/** A small event of which every field can be told apart. */
export function breach(key: string, cause: string, target = 1): EventToPublish<'slo.breached'> {
  const data: EventData<'slo.breached'> = {
    pool: key,
    timestamp: '2026-01-01T00:00:00Z',
    target_s: target,
    observed_p95_s: 9,
    share_within: 0.5,
    error_budget_used: 2,
  };
  return { type: 'slo.breached', key, cause, data };
}

export const asker = { id: 'tester', kind: 'user' } as const;

/** An event of another type in the same stream. */
export function overspent(key: string, cause: string): EventToPublish<'budget.alert'> {
  const data: EventData<'budget.alert'> = {
    pool: key,
    period: 'hour',
    kind: 'soft',
    budget: 10,
    projected: 12,
    timestamp: '2026-01-01T00:00:00Z',
  };
  return { type: 'budget.alert', key, cause, data };
}
