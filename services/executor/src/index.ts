export { endWorkers } from './adapters/end-workers.ts';
export { createMemoryActuator, type MemoryActuator } from './adapters/memory-actuator.ts';
export { createNoneActuator } from './adapters/none-actuator.ts';
export { createProcessActuator, type ProcessActuatorOptions, type WorkerCommand } from './adapters/process-actuator.ts';
export { ExecutorConfig } from './config.ts';
export { PoolRollouts } from './decide/pool-rollouts.ts';
export { executorDefinition } from './definition.ts';
export type { ActualWorkers, Actuator, Actuators, SetWorkersOutcome } from './ports.ts';
export { createExecutor, type ExecutorPorts } from './service.ts';
