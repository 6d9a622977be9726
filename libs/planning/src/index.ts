export { isLargeChange, largeChangeDefaults } from './cost-impact.ts';
export { decide } from './decide.ts';
export { type Decision, type HoldReason, holdReasons } from './decision.ts';
export type { DecisionHistory, DecisionInput, PastChange, PoolFacts } from './decision-input.ts';
export { type Limits, limitsAt } from './schedule-window.ts';
export { createServiceEstimate, estimatedScv, observeService, type ServiceEstimate } from './service-estimate.ts';
export { defaults, resolveSettings, type Settings } from './settings.ts';
export { type BudgetClaim, shareBudget } from './share-budget.ts';
export { approvalsNeededFor, type PlanIdentity, toPlan } from './to-plan.ts';
