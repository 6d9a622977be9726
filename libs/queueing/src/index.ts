export { blockingProbability, type OfferedLoad, waitProbability } from './erlang.ts';
export {
  loadForBlocking,
  loadForWaitProbability,
  serversForBlocking,
  serversForWaitProbability,
} from './erlang-inverse.ts';
export { type ConstantServiceQueue, constantServiceQueue } from './mdc.ts';
export { type GeneralQueueInput, solveMgc } from './mgc.ts';
export { type QueueInput, solveMmc } from './mmc.ts';
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
