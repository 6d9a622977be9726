import { pathToFileURL } from 'node:url';
import { type CreationContext, type RunningService, runService, startService } from '@capplan/runtime';
import { createFetchWebhook } from './adapters/fetch-webhook.ts';
import { signBody } from './adapters/sign-body.ts';
import { NotifierConfig } from './config.ts';
import { mayCall } from './decide.ts';
import { createNotifier } from './service.ts';
import { parseTargets } from './targets.ts';

export const notifierDefinition = {
  name: 'notifier',
  configSchema: NotifierConfig,
  create: (context: CreationContext, config: Readonly<NotifierConfig>) => {
    const parsed = parseTargets(config.webhooks);
    const targets = parsed.ok ? parsed.value : [];
    const webhook = createFetchWebhook({ isAllowed: (url) => mayCall(url, config.allowHosts, targets) });
    return createNotifier(context, config, { webhook, sign: signBody });
  },
};

export function start(env: NodeJS.ProcessEnv = process.env): Promise<RunningService> {
  return startService(notifierDefinition, env);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runService(notifierDefinition);
