import { CapacityError, type Envelope } from '@capplan/contracts';
import type { Service, ServiceContext, Subscription } from '@capplan/runtime';
import type { NotifierConfig } from './config.ts';
import { backoffMs, conditionOf, type HeardEvent, heardEvents, isWanted, notificationOf } from './decide.ts';
import type { NotifierPorts } from './ports.ts';
import { parseTargets, type WebhookTarget } from './targets.ts';

/** How long it is remembered that a target has heard of a message: as long as the bus may bring it again. */
const HEARD_TTL_SEC = 7 * 86_400;
/** Longer than all calls of all attempts to a target take. */
const ACK_WAIT_MS = 300_000;

/**
 * The notifier: events in, webhooks out.
 *
 * A message is remembered per target when the target has answered, so that a repeat, a replica or a restart does not
 * tell it again. Between the answer and the remembering a crash may tell it twice: the id in the body and in the
 * headers lets the target see that. What keeps failing goes back to the bus, and at last to the dead letters.
 */
export function createNotifier(context: ServiceContext, config: NotifierConfig, ports: NotifierPorts): Service {
  const { bus, cache, clock, log, random } = context;
  const parsed = parseTargets(config.webhooks);
  if (!parsed.ok) throw new CapacityError('invalid_input', `webhooks: ${parsed.problems.join('; ')}`);
  const targets = parsed.value;
  const stopping = new AbortController();
  const subscriptions: Subscription[] = [];
  const told = context.metrics.counter('capacity_planner_notifications_total', 'Calls to targets', [
    'target',
    'outcome',
  ]);

  const tell = async (target: WebhookTarget, type: HeardEvent, envelope: Envelope): Promise<boolean> => {
    const heardKey = `notifier/heard/${target.name}/${envelope.id}`;
    const condition = config.quietSec > 0 ? conditionOf(target, type) : undefined;
    const quietKey = `notifier/quiet/${target.name}/${condition}/${envelope.key}`;
    if ((await cache.get(heardKey)) !== undefined) return true;
    if (condition !== undefined && (await cache.get(quietKey)) !== undefined) {
      told.add({ target: target.name, outcome: 'kept_quiet' });
      return true;
    }
    const body = JSON.stringify(notificationOf(target, type, envelope));
    for (let attempt = 1; ; attempt++) {
      const seconds = Math.floor(clock.nowMs() / 1000);
      const result = await ports.webhook.call({
        url: target.url,
        body,
        timeoutMs: config.timeoutMs,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'capacity-planner',
          'x-capacity-event': type,
          'x-capacity-id': envelope.id,
          ...(target.secret !== undefined && {
            'x-capacity-signature': `t=${seconds},v1=${ports.sign({ secret: target.secret, seconds, body })}`,
          }),
        },
      });
      told.add({ target: target.name, outcome: result.ok ? 'told' : result.reason });
      if (result.ok || !result.retryable) {
        if (!result.ok) log.warn({ target: target.name, type, ...result }, 'a target will not hear this message');
        const mark = new Uint8Array([1]);
        await cache.set(heardKey, mark, { ttlSec: HEARD_TTL_SEC });
        if (condition !== undefined) await cache.set(quietKey, mark, { ttlSec: config.quietSec });
        return true;
      }
      if (attempt >= config.attemptsMax || stopping.signal.aborted) return false;
      const waitMs = backoffMs({ attempt, firstMs: config.backoffMs, chance: random.next() });
      await clock.sleep(waitMs, stopping.signal);
    }
  };

  const hear = async (type: HeardEvent, envelope: Envelope): Promise<void> => {
    const wanted = targets.filter((target) => isWanted(target, type, envelope));
    const heard = await Promise.all(wanted.map((target) => tell(target, type, envelope)));
    const deaf = wanted.filter((_, i) => heard[i] !== true).map((target) => target.name);
    if (deaf.length > 0) throw new CapacityError('unavailable', `not heard by ${deaf.join(', ')}`);
  };

  return {
    name: 'notifier',
    start: async () => {
      // Nobody to tell: then there is nothing to consume, and no durable that would fall behind.
      if (targets.length === 0) return;
      for (const type of heardEvents) {
        const durable = `notifier-${type.replace('.', '-')}`;
        subscriptions.push(
          await bus.consume(type, { durable, from: 'new', ackWaitMs: ACK_WAIT_MS }, ({ envelope }) =>
            hear(type, envelope),
          ),
        );
      }
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
