export {
  type ArrivalProcess,
  createCountArrivals,
  createRateArrivals,
  createTimestampArrivals,
} from './arrival-source.ts';
export type { BreachPeriod } from './breaches.ts';
export {
  type ComparisonOutcome,
  compare,
  compareInSteps,
  type MetricDifference,
  type PoolComparison,
  scenariosMax,
} from './compare.ts';
export type { ControllerFactory, ControllerView, SimulatedController } from './controller.ts';
export type { Estimate } from './estimate.ts';
export type { FieldProblem } from './field-reader.ts';
export type { IntervalObservation } from './interval-reader.ts';
export type { JobFaults, RetryRule, Stretch } from './job-faults.ts';
export type { ArrivalSource, ServiceSource } from './job-queue.ts';
export { type PoolResult, type TimelineColumn, type TimelineField, timelineFields } from './pool-result.ts';
export { type JobAccount, type MeasuredRun, type PoolRun, runQuantilesSec } from './pool-run.ts';
export {
  PoolSimulation,
  type PoolSimulationOptions,
  type PoolState,
  type ScalingOutcome,
} from './pool-simulation.ts';
export { RatePath, type RateSegment } from './rate-path.ts';
export { distributionOfBuckets } from './read-distribution.ts';
export { horizonSecMax, jobsMax, type ReadScenario, readScenario } from './read-scenario.ts';
export { type MetricName, type Metrics, metricDirections, metricNames } from './run-metrics.ts';
export type { ScaleIn } from './scale-in.ts';
export type { Capacity, Objective, Pattern, PoolScenario, Scenario, Spike, Traffic } from './scenario.ts';
export { createServiceSource, type Distribution, momentsOf } from './service-source.ts';
export {
  type SimulationOptions,
  type SimulationOutcome,
  type SimulationProgress,
  type SimulationResult,
  simulate,
  simulateInSteps,
} from './simulate.ts';
export { toWire } from './to-wire.ts';
export { expectedJobs, openTraffic, ratePathOf } from './traffic.ts';
