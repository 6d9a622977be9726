import Type, { type Static } from 'typebox';

/** Settings of the notifier. */
export const NotifierConfig = Type.Object({
  webhooks: Type.String({
    default: '[]',
    description: 'JSON list of targets: name, url, and optionally events, namespaces, secret, include_cost',
    env: 'NOTIFIER_WEBHOOKS',
    secret: true,
  }),
  allowHosts: Type.String({
    default: '',
    description:
      'Hosts that may be called, by comma; `*.example.com` covers subdomains; empty allows the targets’ own hosts',
    env: 'NOTIFIER_ALLOW_HOSTS',
  }),
  timeoutMs: Type.Integer({
    default: 5000,
    minimum: 100,
    maximum: 20_000,
    description: 'How long one call may take, ms',
    env: 'NOTIFIER_TIMEOUT_MS',
  }),
  attemptsMax: Type.Integer({
    default: 3,
    minimum: 1,
    maximum: 5,
    description: 'Calls before the message goes back to the bus, which brings it again later',
    env: 'NOTIFIER_ATTEMPTS_MAX',
  }),
  backoffMs: Type.Integer({
    default: 500,
    minimum: 10,
    maximum: 2000,
    description: 'Wait after the first failed call, ms; it doubles with each',
    env: 'NOTIFIER_BACKOFF_MS',
  }),
  quietSec: Type.Number({
    default: 300,
    minimum: 0,
    maximum: 86_400,
    description: 'An alert of one kind and pool is repeated to a target no sooner than after this many seconds',
    env: 'NOTIFIER_QUIET_S',
  }),
});
export type NotifierConfig = Static<typeof NotifierConfig>;
