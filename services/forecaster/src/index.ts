export { ForecasterConfig } from './config.ts';
export type { ForecasterPorts } from './ports.ts';
export { createForecaster } from './service.ts';
