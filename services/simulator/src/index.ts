export { createInlineEngines } from './adapters/inline-engines.ts';
export { createThreadEngines } from './adapters/thread-engines.ts';
export { SimulatorConfig } from './config.ts';
export { simulatorDefinition } from './definition.ts';
export { start } from './main.ts';
export type { Engines, PartialTimeline, SimulationTask, TaskCall } from './ports.ts';
export { createSimulator, type SimulatorPorts, type SimulatorService } from './service.ts';
