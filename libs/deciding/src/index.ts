export { type ForecastMemory, forecastOf } from './forecast-of.ts';
export { leadMemoryDays, learnStretch, refitAsHistoryGrows } from './learn-stretch.ts';
export {
  learningKey,
  type ModelSettings,
  type ModelSteps,
  modelSettings,
  modelStepsDefault,
} from './model-settings.ts';
export {
  costPerHourOf,
  createPoolMemory,
  type DecisionFacts,
  decisionInput,
  observeSnapshot,
  type PoolMemory,
} from './pool-memory.ts';
export {
  createPoolModel,
  type Observation,
  observationOf,
  observationOfHistory,
  observe,
  type PoolModel,
  packModel,
  unpackModel,
} from './pool-model.ts';
export { hourMs, hourStart, monthEnd, monthStart, noSpending, type Spending, spend } from './spending.ts';
