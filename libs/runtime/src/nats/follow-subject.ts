import { CapacityError } from '@capplan/contracts';
import { AckPolicy, type Consumer, type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';

import type { Subscription } from '../ports/bus.ts';
import type { Log } from '../ports/service.ts';
import { apiCodeOf, type NatsLink, persist } from './nats-link.ts';

const streamNotFound = 10_059;
/** The server forgets a follower that has not asked for so long. */
const inactiveMs = 300_000;
const batchSize = 256;
const fetchExpiresMs = 10_000;
/** The server refuses less. */
const fetchExpiresMsMin = 1_000;

/**
 * Hands over the newest message of every subject of a pattern, then every further one, in order, for this process
 * alone. Resolves when the present state has been handed over. A message whose handler throws is logged and left out.
 *
 * The server keeps no place for it: after a lost connection or a restarted server it asks for everything after the
 * last message that it has seen. The client library's own ordered consumer does the same, but notices some restarts
 * only by missing heartbeats, half a minute later.
 */
export async function followSubject(
  link: NatsLink,
  log: Log,
  source: { stream: string; filter: string; ensureStream(): Promise<void> },
  handle: (message: JsMsg) => Promise<void> | void,
): Promise<Subscription> {
  let lastSequence = 0;
  let isPresentKnown = false;
  let isStopped = false;
  let fetching: ConsumerMessages | undefined;
  let consumer: Consumer | undefined;
  let expectedDelivery = 1;
  let handedOver = () => {};
  const isPresent = new Promise<void>((resolve) => {
    handedOver = () => {
      isPresentKnown = true;
      resolve();
    };
  });

  const open = async (): Promise<Consumer> => {
    await source.ensureStream();
    const { state } = await link.manager.streams.info(source.stream);
    // A stream that ends before what was seen has been made anew, and everything in it is new.
    const goesOn = isPresentKnown && lastSequence > 0 && state.last_seq >= lastSequence;
    const info = await link.manager.consumers.add(source.stream, {
      filter_subject: source.filter,
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(inactiveMs),
      mem_storage: true,
      num_replicas: 1,
      ...(goesOn
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: lastSequence + 1 }
        : { deliver_policy: DeliverPolicy.LastPerSubject }),
    });
    expectedDelivery = 1;
    if (!isPresentKnown && info.num_pending === 0) {
      lastSequence = state.last_seq;
      handedOver();
    }
    return link.streams.consumers.getConsumerFromInfo(info);
  };
  const isFinal = (error: unknown): boolean => {
    const code = apiCodeOf(error);
    return code !== undefined && code !== streamNotFound;
  };

  const read = async (from: Consumer): Promise<void> => {
    const expires = isPresentKnown ? fetchExpiresMs : fetchExpiresMsMin;
    fetching = await from.fetch({ max_messages: batchSize, expires });
    if (isStopped || !link.isUp()) fetching.stop();
    let received = 0;
    for await (const message of fetching) {
      received += 1;
      if (message.info.deliverySequence !== expectedDelivery) throw new Error('a message went missing on its way');
      expectedDelivery += 1;
      try {
        await handle(message);
      } catch (error) {
        // To ask for it again would not make it better, and would keep everything after it from ever coming.
        log.error(
          { subject: message.subject, sequence: message.seq, error },
          'A followed message could not be taken in and is left out',
        );
      }
      lastSequence = message.seq;
      if (!isPresentKnown && message.info.pending === 0) handedOver();
    }
    if (isPresentKnown || received > 0 || isStopped || !link.isUp()) return;
    // What was removed meanwhile is never delivered, and no message says that it was the last one.
    const { num_pending: waiting } = await from.info();
    if (waiting > 0) throw new Error(`${waiting} messages that wait are not delivered`);
    handedOver();
  };

  const loop = async (): Promise<void> => {
    while (!isStopped && !link.connection.isClosed()) {
      try {
        if (!link.isUp()) {
          consumer = undefined;
          await link.untilUp(1_000);
          continue;
        }
        consumer ??= await open();
        await read(consumer);
      } catch (error) {
        if (isStopped || link.connection.isClosed()) return;
        log.debug({ filter: source.filter, error }, 'Following was interrupted');
        const left = consumer;
        consumer = undefined;
        if (left && link.isUp()) await left.delete().catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 250));
      } finally {
        fetching = undefined;
      }
    }
  };

  consumer = await persist(`following ${source.filter}`, 30_000, link, open, isFinal);
  const offDisconnect = link.onDisconnect(() => {
    consumer = undefined;
    fetching?.stop();
  });
  const looping = loop();
  await Promise.race([isPresent, looping]);
  if (!isPresentKnown) {
    offDisconnect();
    throw new CapacityError('unavailable', `following ${source.filter}: the connection was closed`);
  }
  return {
    stop: async () => {
      isStopped = true;
      fetching?.stop();
      await looping;
      offDisconnect();
      if (link.isUp()) await consumer?.delete().catch(() => {});
    },
  };
}
