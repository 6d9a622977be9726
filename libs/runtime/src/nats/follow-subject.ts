import { type Consumer, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { describeError } from '../bus/handle-message.ts';
import type { Subscription } from '../ports/bus.ts';
import type { Log } from '../ports/service.ts';
import { apiCodeOf, type NatsLink, persist } from './nats-link.ts';

/**
 * Hands over the newest message of every subject of a pattern, then every further one, each once and in order, for
 * this process alone. Resolves when the present state has been handed over.
 */
export async function followSubject(
  link: NatsLink,
  log: Log,
  source: { stream: string; filter: string; ensureStream(): Promise<void> },
  handle: (message: JsMsg) => Promise<void> | void,
): Promise<Subscription> {
  const open = async (): Promise<Consumer> => {
    await source.ensureStream();
    return link.streams.consumers.get(source.stream, {
      filter_subjects: source.filter,
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
  };
  const consumer = await persist(`following ${source.filter}`, 30_000, link, open, (error) => {
    const code = apiCodeOf(error);
    return code !== undefined && code !== 10_059;
  });
  const present = await consumer.info(true);
  let handedOver = () => {};
  const isPresent = new Promise<void>((resolve) => {
    handedOver = resolve;
  });
  if (present.num_pending === 0) handedOver();

  const messages = await consumer.consume({ max_messages: 500 });
  const run = async (): Promise<void> => {
    for await (const message of messages) {
      await handle(message);
      if (message.info.pending === 0) handedOver();
    }
  };
  const running = run().catch((error: unknown) => {
    log.error({ filter: source.filter, error: describeError(error) }, 'Following ended');
  });
  await isPresent;
  return {
    stop: async () => {
      messages.stop();
      await running;
      await consumer.delete().catch(() => {});
    },
  };
}
