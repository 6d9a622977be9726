export { ForecasterConfig } from './config.ts';
export { forecasterDefinition, start } from './main.ts';
export type { ForecasterPorts } from './ports.ts';
export { createForecaster } from './service.ts';
