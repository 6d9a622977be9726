export {
  type ArrivalProcess,
  createCountArrivals,
  createRateArrivals,
  createTimestampArrivals,
} from './arrival-source.ts';
export type { IntervalObservation } from './interval-reader.ts';
export type { JobFaults, RetryRule, Stretch } from './job-faults.ts';
export type { ArrivalSource, ServiceSource } from './job-queue.ts';
export { type JobAccount, type MeasuredRun, type PoolRun, runQuantilesSec } from './pool-run.ts';
export {
  PoolSimulation,
  type PoolSimulationOptions,
  type PoolState,
  type ScaleIn,
  type ScalingOutcome,
} from './pool-simulation.ts';
export { RatePath, type RateSegment } from './rate-path.ts';
export { createServiceSource, type Distribution, momentsOf } from './service-source.ts';
