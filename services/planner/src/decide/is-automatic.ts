import type { Plan } from '@capplan/contracts';

/** Who plans of their own accord are requested by. */
export const plannerId = 'planner';

/** Whether nobody but the planner asked for it. */
export function isAutomatic(plan: Pick<Plan, 'requested_by'>): boolean {
  return plan.requested_by === plannerId;
}
