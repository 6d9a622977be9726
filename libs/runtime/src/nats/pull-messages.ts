import { CapacityError } from '@capplan/contracts';
import { AckPolicy, type Consumer, type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { type Verdict } from '../bus/handle-message.ts';
import type { Subscription } from '../ports/bus.ts';
import type { Log } from '../ports/service.ts';
import { apiCodeOf, type NatsLink, persist } from './nats-link.ts';

export interface PullOptions {
  stream: string;
  durable: string;
  /** Undefined for everything in the stream. */
  filter: string | undefined;
  ackWaitMs: number;
  concurrency: number;
  from: 'all' | 'new';
  /** At most so many messages unacknowledged in all replicas together. */
  maxAckPending: number;
  /** Messages of one key are handled one after another. */
  keyOf(subject: string): string;
  /** Sees to it that the stream is there. */
  ensureStream(): Promise<void>;
  handle(message: JsMsg): Promise<Verdict>;
  /** Keeps a dead letter; when it throws, the message comes again. */
  setAside(verdict: Verdict & { kind: 'dead' }, message: JsMsg): Promise<void>;
}

const consumerNotFound = 10_014;
const streamNotFound = 10_059;
/** A request for messages is made anew after so long; the server refuses less than a second. */
const fetchExpiresMs = 10_000;

/**
 * Pulls messages through a durable consumer: never more than there are free hands, so that a slow replica does not
 * hold what another one could do. While a message waits or is handled, the server is told that somebody is at it.
 * Goes on by itself after every loss of the connection, of the server, or of the consumer.
 */
export async function pullMessages(link: NatsLink, log: Log, options: PullOptions): Promise<Subscription> {
  const { stream, durable, concurrency } = options;
  const held = new Set<JsMsg>();
  const chains = new Map<string, Promise<void>>();
  let fetching: ConsumerMessages | undefined;
  let isStopped = false;
  let onFree: (() => void) | undefined;

  const ensureConsumer = async (): Promise<void> => {
    const wanted = { ack_wait: nanos(options.ackWaitMs), max_ack_pending: options.maxAckPending };
    const present = await link.manager.consumers.info(stream, durable).catch(async (error: unknown) => {
      if (apiCodeOf(error) !== consumerNotFound && apiCodeOf(error) !== streamNotFound) throw error;
      await options.ensureStream();
      return undefined;
    });
    if (!present) {
      await link.manager.consumers.add(stream, {
        durable_name: durable,
        ...(options.filter === undefined ? {} : { filter_subject: options.filter }),
        ack_policy: AckPolicy.Explicit,
        deliver_policy: options.from === 'new' ? DeliverPolicy.New : DeliverPolicy.All,
        max_deliver: -1,
        ...wanted,
      });
    } else if (
      present.config.ack_wait !== wanted.ack_wait ||
      present.config.max_ack_pending !== wanted.max_ack_pending
    ) {
      await link.manager.consumers.update(stream, durable, wanted);
    }
  };

  /** Says what became of a message. Without a connection nothing can be said, and the server brings it again. */
  const say = (message: JsMsg, answer: (message: JsMsg) => void): void => {
    try {
      answer(message);
    } catch (error) {
      log.debug({ consumer: durable, error }, 'The server was not told of a message');
    }
  };

  const settle = async (message: JsMsg): Promise<void> => {
    const verdict = await options.handle(message);
    if (verdict.kind === 'again') return say(message, (one) => one.nak(verdict.delayMs));
    if (verdict.kind === 'done') return say(message, (one) => one.ack());
    await options.setAside(verdict, message);
    say(message, (one) => one.term());
  };

  const take = (message: JsMsg): void => {
    const key = options.keyOf(message.subject);
    held.add(message);
    const before = chains.get(key);
    const work = async (): Promise<void> => {
      if (before) await before;
      try {
        await settle(message);
      } catch (error) {
        // Neither handled nor set aside: the server brings it again.
        log.error({ consumer: durable, subject: message.subject, error }, 'A message was put back');
        say(message, (one) => one.nak(5_000));
      }
      held.delete(message);
      if (chains.get(key) === under) chains.delete(key);
      onFree?.();
    };
    const under = work();
    chains.set(key, under);
  };

  const untilFree = (): Promise<void> =>
    new Promise((resolve) => {
      if (held.size < concurrency) return resolve();
      onFree = () => {
        onFree = undefined;
        resolve();
      };
    });

  const loop = async (): Promise<void> => {
    let consumer: Consumer | undefined;
    while (!isStopped) {
      try {
        await untilFree();
        if (isStopped || link.connection.isClosed()) return;
        if (!link.isUp()) {
          await link.untilUp(1_000);
          continue;
        }
        consumer ??= await link.streams.consumers.get(stream, durable);
        fetching = await consumer.fetch({ max_messages: concurrency - held.size, expires: fetchExpiresMs });
        if (isStopped) fetching.stop();
        for await (const message of fetching) take(message);
      } catch (error) {
        if (isStopped || link.connection.isClosed()) return;
        log.debug({ consumer: durable, error }, 'Pulling messages was interrupted');
        consumer = undefined;
        await new Promise((resolve) => setTimeout(resolve, 250));
        // Perhaps it is gone, with its server or without; when it cannot be made now, the next turn tries again.
        await ensureConsumer().catch(() => {});
      } finally {
        fetching = undefined;
      }
    }
  };

  await persist(`consumer ${durable}`, 30_000, link, ensureConsumer, (error) => {
    const code = apiCodeOf(error);
    return code !== undefined && code !== streamNotFound && code !== consumerNotFound;
  }).catch((cause: unknown) => {
    if (cause instanceof CapacityError) throw cause;
    throw new CapacityError('unavailable', `consumer ${durable} of ${stream} cannot be made: ${String(cause)}`, {
      cause,
    });
  });
  // A request for messages dies with its connection, and the server says nothing of it.
  const offDisconnect = link.onDisconnect(() => fetching?.stop());
  const keepHolding = setInterval(() => {
    for (const message of held) say(message, (one) => one.working());
  }, options.ackWaitMs / 3);
  void link.connection.closed().then(() => clearInterval(keepHolding));
  const looping = loop();

  return {
    stop: async () => {
      isStopped = true;
      fetching?.stop();
      onFree?.();
      await looping;
      await Promise.all(chains.values());
      clearInterval(keepHolding);
      offDisconnect();
      if (link.isUp()) await link.connection.flush().catch(() => {});
    },
  };
}
