import { randomUUID } from 'node:crypto';
import {
  CapacityError,
  type DeadLetter,
  deadSubject,
  type EventType,
  eventPattern,
  ingestPattern,
  type RequestName,
  requestCatalogue,
  requestPattern,
  requestSubject,
  splitSubject,
} from '@capplan/contracts';
import type { JsMsg } from '@nats-io/jetstream';
import { type Msg, TimeoutError } from '@nats-io/nats-core';
import { answerRequest, encodeRequest, readReply } from '../bus/answer-request.ts';
import {
  type BusSurroundings,
  createFollowHandling,
  createMessageHandling,
  type Delivery,
} from '../bus/handle-message.ts';
import { holdSize, textBytesMax } from '../bus/message-limit.ts';
import {
  defaultAckWaitMs,
  defaultConcurrency,
  defaultMaxDeliveries,
  defaultRequestTimeoutMs,
  requestConnectionWaitMs,
} from '../bus/redelivery.ts';
import { type StreamName, streamOfEvent, streamPlans } from '../bus/stream-plan.ts';
import { encodeEvent, encodeIngest, type WireMessage, within } from '../bus/wire-message.ts';
import type { Bus, ConsumeOptions, Delivered, Subscription } from '../ports/bus.ts';
import { followSubject } from './follow-subject.ts';
import { plainHeaders, traceHeaders } from './nats-headers.ts';
import { isNoResponders, type NatsLink, persist } from './nats-link.ts';
import { ensureStream } from './nats-streams.ts';
import { pullMessages } from './pull-messages.ts';

export interface NatsBusOptions {
  /** Copies of every stream, 3 in a cluster. Default 1. */
  replicas?: number;
  /** How long a publish is repeated before it counts as failed. Default 10 s. */
  publishTimeoutMs?: number;
}

type Handler = (message: Delivered<never>) => Promise<void>;

/** The bus on NATS: streams for what must not be lost, plain messages for questions. */
export function createNatsBus(link: NatsLink, around: BusSurroundings, options: NatsBusOptions = {}): Bus {
  const { replicas = 1, publishTimeoutMs = 10_000 } = options;
  const ensure = (stream: StreamName) => () => ensureStream(link, streamPlans[stream], replicas, around.log);

  const sender = () => ({ name: around.name, nowMs: around.clock.nowMs(), headers: {} });

  const bytesMax = () => textBytesMax(link.connection.info?.max_payload);

  const store = async (
    stream: StreamName,
    message: Pick<WireMessage, 'subject' | 'id' | 'text'>,
    connectionWaitMs = publishTimeoutMs,
  ): Promise<{ duplicate: boolean }> => {
    const what = `the message ${message.id}`;
    holdSize(what, message.text, bytesMax());
    await connected(link, connectionWaitMs, `${what} cannot be published`);
    const ack = await persist(`publishing ${message.id}`, publishTimeoutMs, link, async () => {
      try {
        const headers = traceHeaders(around.tracer);
        const settings = { msgID: message.id, headers, timeout: 3_000 };
        return await whileConnected(link, link.streams.publish(message.subject, message.text, settings));
      } catch (error) {
        // Nobody keeps this subject: the stream is not there yet, or no more.
        if (isNoResponders(error)) await ensure(stream)();
        // A lost connection is waited for once more, and no longer than the first one.
        if (!link.isUp()) await connected(link, connectionWaitMs, `${what} may not have been published`);
        throw error;
      }
    }).catch((cause: unknown) => {
      if (cause instanceof CapacityError) throw cause;
      throw new CapacityError('unavailable', `${what} was refused: ${String(cause)}`, { cause });
    });
    return { duplicate: ack.duplicate };
  };

  const consumeFrom = async (
    source: { stream: StreamName; durable: string; filter: string | undefined },
    settings: ConsumeOptions,
    handler: Handler,
  ): Promise<Subscription> => {
    const { durable, maxDeliveries = defaultMaxDeliveries, concurrency = defaultConcurrency } = settings;
    const handling = createMessageHandling(around, { durable, maxDeliveries });
    return pullMessages(link, around.log, {
      stream: streamPlans[source.stream].name,
      durable: source.durable,
      filter: source.filter,
      ackWaitMs: settings.ackWaitMs ?? defaultAckWaitMs,
      concurrency,
      from: settings.from ?? 'all',
      maxAckPending: Math.max(1_000, 8 * concurrency),
      keyOf: (subject) => splitSubject(subject)?.key ?? subject,
      ensureStream: ensure(source.stream),
      handle: (message) => handling(deliveryOf(message), handler),
      setAside: ({ letter }, message) => bury(letter, `${streamPlans[source.stream].name}:${message.seq}`),
    });
  };

  const bury = async (letter: DeadLetter, place: string): Promise<void> => {
    const id = `dead:${letter.consumer}:${place}`;
    const text = JSON.stringify(letter);
    const fits = Buffer.byteLength(text) <= bytesMax();
    const kept = fits ? text : JSON.stringify({ ...letter, payload: '' } satisfies DeadLetter);
    await store('dead', { subject: deadSubject(letter.consumer), id, text: kept });
  };

  const follow = (type: EventType, handler: (message: Delivered<never>) => Promise<void> | void) => {
    const handling = createFollowHandling(around);
    const stream = streamOfEvent(type);
    return followSubject(
      link,
      around.log,
      { stream: streamPlans[stream].name, filter: eventPattern(type), ensureStream: ensure(stream) },
      (message) => handling(deliveryOf(message), handler),
    );
  };

  const request: Bus['request'] = async (name, data, asked) => {
    const subject = within(() => requestSubject(name, asked.key));
    const timeoutMs = asked.timeoutMs ?? defaultRequestTimeoutMs;
    const id = asked.id ?? randomUUID();
    const text = encodeRequest(name, data, { ...asked, id, nowMs: around.clock.nowMs() });
    holdSize(`the question ${name}`, text, bytesMax());
    await connected(link, Math.min(timeoutMs, requestConnectionWaitMs), `${name} cannot be asked`);
    const answer = await around.tracer.span(`ask ${name}`, { key: asked.key, message_id: id }, async () => {
      try {
        const headers = traceHeaders(around.tracer);
        return await whileConnected(link, link.connection.request(subject, text, { timeout: timeoutMs, headers }));
      } catch (cause) {
        if (isNoResponders(cause)) throw new CapacityError('unavailable', `nobody answers ${name}`, { cause });
        if (cause instanceof TimeoutError) {
          throw new CapacityError('deadline_exceeded', `no answer to ${name} within ${timeoutMs} ms`, { cause });
        }
        throw new CapacityError('unavailable', `${name} cannot be asked: ${String(cause)}`, { cause });
      }
    });
    return readReply(name, answer.string());
  };

  const respond: Bus['respond'] = async (name, handler) => {
    const underWay = new Set<Promise<void>>();
    const queue = requestCatalogue[name as RequestName].owner;
    const answer = async (message: Msg): Promise<void> => {
      try {
        const question = { text: message.string(), headers: plainHeaders(message.headers), replyBytesMax: bytesMax() };
        message.respond(await answerRequest(around, name, question, handler));
      } catch (error) {
        // The asker is left to its deadline: there is no way to it.
        around.log.error({ request: name, error }, 'An answer could not be sent');
      }
    };
    const subscription = link.connection.subscribe(requestPattern(name), {
      queue,
      callback: (error, message) => {
        if (error) return around.log.error({ request: name, error }, 'Requests cannot be received');
        const work = answer(message);
        underWay.add(work);
        void work.finally(() => underWay.delete(work));
      },
    });
    // Only then is it certain that the next question finds somebody.
    if (link.isUp()) await whileConnected(link, link.connection.flush()).catch(() => {});
    return {
      stop: async () => {
        if (link.isUp()) await subscription.drain().catch(() => {});
        else subscription.unsubscribe();
        await Promise.all(underWay);
        if (link.isUp()) await link.connection.flush().catch(() => {});
      },
    };
  };

  return {
    publish: (event, settings = {}) =>
      around.tracer.span(`publish ${event.type}`, { key: event.key }, async () =>
        store(streamOfEvent(event.type), encodeEvent(sender(), event), settings.connectionWaitMs),
      ),
    consume: (type, settings, handler) => {
      const durable = consumerName(settings.durable, type);
      const source = { stream: streamOfEvent(type), durable, filter: eventPattern(type) };
      return consumeFrom(source, settings, handler as Handler);
    },
    consumeAll: async (settings, handler) => {
      const parts: Subscription[] = [];
      for (const stream of ['events', 'records', 'signals'] as const) {
        const durable = consumerName(settings.durable, 'all');
        parts.push(await consumeFrom({ stream, durable, filter: undefined }, settings, handler as Handler));
      }
      return {
        stop: async () => {
          await Promise.all(parts.map((part) => part.stop()));
        },
      };
    },
    follow: follow as Bus['follow'],
    ingest: async (kind, report) => store('ingest', encodeIngest(sender(), kind, report)),
    consumeIngest: (kind, settings, handler) => {
      const durable = consumerName(settings.durable, `ingest.${kind}`);
      return consumeFrom({ stream: 'ingest', durable, filter: ingestPattern(kind) }, settings, handler as Handler);
    },
    request,
    respond,
  };
}

/** Waits for a missing connection. @throws `unavailable` when there is none after `limitMs` */
async function connected(link: NatsLink, limitMs: number, otherwise: string): Promise<void> {
  if (link.isUp() || (await link.untilUp(limitMs))) return;
  throw new CapacityError('unavailable', `${otherwise}: there is no connection to the bus`);
}

/** What was asked over a connection that is lost since gets no answer any more; the client waits for it in vain. */
async function whileConnected<T>(link: NatsLink, work: Promise<T>): Promise<T> {
  let leave = () => {};
  const lost = new Promise<never>((_, reject) => {
    leave = link.onDisconnect(() => reject(new Error('the connection to the bus was lost meanwhile')));
  });
  try {
    return await Promise.race([work, lost]);
  } finally {
    leave();
    // Whichever of the two comes later is nobody's business any more.
    work.catch(() => {});
    lost.catch(() => {});
  }
}

/** One durable per pattern: the server lets a durable have a single filter. */
function consumerName(durable: string, what: string): string {
  return `${durable}__${what}`.replaceAll(/[^A-Za-z0-9_-]/g, '-');
}

function deliveryOf(message: JsMsg): Delivery {
  return {
    message: {
      subject: message.subject,
      id: message.headers?.get('Nats-Msg-Id') ?? '',
      text: message.string(),
      headers: plainHeaders(message.headers),
    },
    sequence: message.seq,
    storedAtMs: message.time.getTime(),
    deliveries: message.info.deliveryCount,
  };
}
