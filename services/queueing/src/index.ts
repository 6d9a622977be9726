export { QueueingConfig } from './config.ts';
export { queueingDefinition, start } from './main.ts';
export type { QueueingPorts } from './ports.ts';
export { createQueueing } from './service.ts';
