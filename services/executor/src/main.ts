import { fileURLToPath } from 'node:url';
import { type RunningService, runService, startService } from '@capplan/runtime';
import { executorDefinition } from './definition.ts';

/** Starts the executor inside a process that is there already. */
export function start(env = process.env, host: Parameters<typeof startService>[2] = {}): Promise<RunningService> {
  return startService(executorDefinition, env, host);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await runService(executorDefinition);
