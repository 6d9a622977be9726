import type { ServiceDefinition } from '@capplan/runtime';
import { createNoneTrials } from './adapters/none-trials.ts';
import { planningCore } from './adapters/planning-core.ts';
import { PlannerConfig } from './config.ts';
import type { Trials } from './ports.ts';
import { createPlanner } from './service.ts';

/** How the planner is made from a context and its settings, with a simulator to try plans out where there is one. */
export function plannerDefinitionWith(trials: Trials): ServiceDefinition<typeof PlannerConfig> {
  return {
    name: 'planner',
    configSchema: PlannerConfig,
    create: (context, config) => createPlanner(context, config, { planning: planningCore, trials }),
  };
}

export const plannerDefinition = plannerDefinitionWith(createNoneTrials());
