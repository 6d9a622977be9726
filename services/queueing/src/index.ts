export { QueueingConfig } from './config.ts';
export type { QueueingPorts } from './ports.ts';
export { createQueueing } from './service.ts';
