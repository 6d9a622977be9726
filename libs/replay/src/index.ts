export {
  type Backtest,
  type BacktestOptions,
  type BacktestResult,
  type BacktestRow,
  backtest,
  type Rival,
  rivals,
} from './backtest.ts';
export type { Controller, PoolView } from './controllers/controller.ts';
export { createHpa, type HpaSettings } from './controllers/hpa.ts';
export { createKeda, type KedaSettings } from './controllers/keda.ts';
export { createOracle } from './controllers/oracle.ts';
export { createPlanner, snapshotOf } from './controllers/planner.ts';
export { createStaticPeak } from './controllers/static-peak.ts';
export { createDecisionLoop, type DecisionLoop, type DecisionLoopOptions } from './decision-loop.ts';
export { createDemand, type Demand, type WithinInterval } from './demand.ts';
export { type ForecastPoint, type ForecastScore } from './forecast-score.ts';
export { createPolicyControllers, type PolicyControllersOptions } from './policy-controllers.ts';
export { policyOfDraft, type ReadPolicy } from './policy-of-draft.ts';
export {
  type ControllerRun,
  type PoolSetting,
  type RunMinute,
  runController,
  type WorkerChange,
} from './run-controller.ts';
export { countReversals, type RunScore, scoreRun } from './run-score.ts';
export { countCooldownBreaches, type Validation, validationOf } from './validate.ts';
export { type ValidationWorkload, validationWorkloads } from './validation-workloads.ts';
