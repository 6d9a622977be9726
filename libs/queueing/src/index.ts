export { approximationCaution } from './approximation-caution.ts';
export { availabilityWorkers } from './availability.ts';
export { ConditionalWait, type WaitFit, waitFit } from './conditional-wait.ts';
export { blockingProbability, type OfferedLoad, waitProbability } from './erlang.ts';
export {
  loadForBlocking,
  loadForWaitProbability,
  serversForBlocking,
  serversForWaitProbability,
} from './erlang-inverse.ts';
export {
  drainTimeSec,
  type FluidPath,
  fluidBacklog,
  type Overload,
  serversToDrain,
  type TransientOverload,
  transientOverload,
} from './fluid.ts';
export { dispersionOfCounts, solveGigc } from './gigc.ts';
export { type ConstantServiceQueue, constantServiceQueue } from './mdc.ts';
export { type GeneralQueueInput, solveMgc } from './mgc.ts';
export { type QueueInput, solveMmc } from './mmc.ts';
export { type FiniteQueueSolution, solveMmck } from './mmck.ts';
export {
  modifiedOfferedLoad,
  modifiedOfferedLoadAt,
  offeredLoadWeights,
  sinusoidalLoad,
} from './offered-load-over-time.ts';
export type { QueueModel, QueueResult, QueueSolution } from './queue-solution.ts';
export { type ServiceDistribution, scaleService, serviceMeanSec, serviceScv } from './service-distribution.ts';
export {
  type ServiceShape,
  serviceCdf,
  serviceExceedance,
  serviceQuantileSec,
  serviceResidualExceedance,
  serviceShape,
} from './service-shape.ts';
export {
  type NoSizing,
  type SizeOutcome,
  type SizeRefusal,
  type SizeResult,
  type Sizing,
  size,
  sizeOutcome,
  type WorkerNeed,
} from './size.ts';
export { type LatencyObjective, type SizeConstraint, type SizeQuery, sizeConstraints } from './size-query.ts';
export { betaExceedance } from './special-functions.ts';
export { constantServiceEffect, variabilityIndex } from './wait-correction.ts';
