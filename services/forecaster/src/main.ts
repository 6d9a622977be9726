import { pathToFileURL } from 'node:url';
import { type CreationContext, type RunningService, runService, startService } from '@capplan/runtime';
import { ForecasterConfig } from './config.ts';
import { createForecaster } from './service.ts';

export const forecasterDefinition = {
  name: 'forecaster',
  configSchema: ForecasterConfig,
  create: (context: CreationContext, config: Readonly<ForecasterConfig>) => createForecaster(context, config),
};

export function start(env: NodeJS.ProcessEnv = process.env): Promise<RunningService> {
  return startService(forecasterDefinition, env);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runService(forecasterDefinition);
