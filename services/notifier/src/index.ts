export { createFetchWebhook } from './adapters/fetch-webhook.ts';
export { createMemoryWebhook, type MemoryWebhook } from './adapters/memory-webhook.ts';
export { signBody } from './adapters/sign-body.ts';
export { NotifierConfig } from './config.ts';
export { mayCall } from './decide.ts';
export { notifierDefinition, start } from './main.ts';
export type { NotifierPorts, SignBody, Webhook, WebhookCall, WebhookResult } from './ports.ts';
export { createNotifier } from './service.ts';
export { parseTargets, WebhookTarget } from './targets.ts';
