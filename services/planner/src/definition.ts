import { connectGrpc, type ServiceDefinition } from '@capplan/runtime';
import { createGrpcTrials } from './adapters/grpc-trials.ts';
import { createNoneTrials } from './adapters/none-trials.ts';
import { planningCore } from './adapters/planning-core.ts';
import { PlannerConfig } from './config.ts';
import { createPlanner } from './service.ts';

/** How the planner is made from a context and its settings, with the simulator to try plans out where there is one. */
export const plannerDefinition: ServiceDefinition<typeof PlannerConfig> = {
  name: 'planner',
  configSchema: PlannerConfig,
  create: (context, config) => {
    if (config.simulatorUrl === '') {
      return createPlanner(context, config, { planning: planningCore, trials: createNoneTrials() });
    }
    const client = connectGrpc({
      address: config.simulatorUrl,
      protoFile: 'capacity/simulation/v1/simulation.proto',
      service: 'capacity.simulation.v1.SimulationService',
      tracer: context.tracer,
      maxMessageBytes: 64 * 2 ** 20,
    });
    const service = createPlanner(context, config, { planning: planningCore, trials: createGrpcTrials(client) });
    const stop = async () => {
      await service.stop();
      client.close();
    };
    return { ...service, stop };
  },
};
