import { fileURLToPath } from 'node:url';
import { type RunningService, runService, startService } from '@capplan/runtime';
import { plannerDefinition } from './definition.ts';

/** Starts the planner inside a process that is there already. */
export function start(env = process.env, host: Parameters<typeof startService>[2] = {}): Promise<RunningService> {
  return startService(plannerDefinition, env, host);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runService(plannerDefinition);
