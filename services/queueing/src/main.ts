import { pathToFileURL } from 'node:url';
import { type CreationContext, type RunningService, runService, startService } from '@capplan/runtime';
import { QueueingConfig } from './config.ts';
import { createQueueing } from './service.ts';

export const queueingDefinition = {
  name: 'queueing',
  configSchema: QueueingConfig,
  create: (context: CreationContext, config: Readonly<QueueingConfig>) => createQueueing(context, config),
};

export function start(env: NodeJS.ProcessEnv = process.env): Promise<RunningService> {
  return startService(queueingDefinition, env);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runService(queueingDefinition);
