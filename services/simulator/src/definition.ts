import { availableParallelism } from 'node:os';
import type { ServiceDefinition } from '@capplan/runtime';
import { createThreadEngines } from './adapters/thread-engines.ts';
import { SimulatorConfig } from './config.ts';
import { createSimulator } from './service.ts';

/** The simulator with an engine for each core. */
export const simulatorDefinition: ServiceDefinition<typeof SimulatorConfig> = {
  name: 'simulator',
  configSchema: SimulatorConfig,
  create: (context, config) =>
    createSimulator(context, config, {
      engines: createThreadEngines({
        threads: config.threads === 0 ? availableParallelism() : config.threads,
        queueMax: config.queueMax,
      }),
    }),
};
