export { createGrpcTrials } from './adapters/grpc-trials.ts';
export { createNoneTrials } from './adapters/none-trials.ts';
export { planningCore } from './adapters/planning-core.ts';
export { PlannerConfig } from './config.ts';
export { PoolPlans } from './decide/pool-plans.ts';
export { plannerDefinition } from './definition.ts';
export type { PlanningCore, TrialAnswer, TrialQuestion, Trials } from './ports.ts';
export { createPlanner, type PlannerPorts } from './service.ts';
export { PolicyRecord, PoolRecord } from './stores.ts';
