import type { ServiceDefinition } from '@capplan/runtime';
import { claimLocalProcesses } from './adapters/local-process-claim.ts';
import { createNoneActuator } from './adapters/none-actuator.ts';
import { createProcessActuator } from './adapters/process-actuator.ts';
import { ExecutorConfig } from './config.ts';
import { createExecutor } from './service.ts';
import { parseWorkerCommands } from './worker-commands.ts';

/**
 * How the executor is made from a context and its settings when it runs alone: with real local worker processes, whose
 * commands are configured. Whoever puts services together in one process passes its own actuators to `createExecutor`.
 */
export const executorDefinition: ServiceDefinition<typeof ExecutorConfig> = {
  name: 'executor',
  configSchema: ExecutorConfig,
  create: async (context, config) => {
    const commandFor = parseWorkerCommands(config.workerCommands);
    const { cache, clock, log } = context;
    const { workerStateFile: stateFile, drainMs } = config;
    // Without a command no process is ever started here: any number of such executors share one installation.
    const startsWorkers = JSON.stringify(JSON.parse(config.workerCommands)) !== '{}';
    const processes = await createProcessActuator({
      clock,
      log,
      stateFile,
      commandFor,
      drainMs,
      ...(startsWorkers && { claim: (fleet) => claimLocalProcesses(fleet, { cache, clock, log }) }),
    });
    const none = createNoneActuator();
    const service = createExecutor(context, config, {
      actuators: { process: { ...processes, takesOrders: startsWorkers }, kubernetes: none, none },
    });
    return {
      ...service,
      stop: async () => {
        await service.stop();
        await processes.close();
      },
    };
  },
};
