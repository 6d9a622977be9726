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
import { TimeoutError } from '@nats-io/nats-core';
import { answerRequest, encodeRequest, readReply } from '../bus/answer-request.ts';
import {
  type BusSurroundings,
  createFollowHandling,
  createMessageHandling,
  type Delivery,
} from '../bus/handle-message.ts';
import {
  defaultAckWaitMs,
  defaultConcurrency,
  defaultMaxDeliveries,
  defaultRequestTimeoutMs,
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
  const ensure = (stream: StreamName) => () => ensureStream(link.manager, streamPlans[stream], replicas, around.log);

  const sender = () => ({ name: around.name, nowMs: around.clock.nowMs(), headers: {} });

  const store = async (
    stream: StreamName,
    message: Pick<WireMessage, 'subject' | 'id' | 'text'>,
  ): Promise<{ duplicate: boolean }> => {
    const payload = Buffer.from(message.text);
    const limit = link.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (payload.length > limit) {
      const size = `${payload.length} bytes, and the server takes ${limit}`;
      throw new CapacityError('too_large', `the message ${message.id} has ${size}`);
    }
    const ack = await persist(`publishing ${message.id}`, publishTimeoutMs, link, async () => {
      try {
        const headers = traceHeaders(around.tracer);
        return await link.streams.publish(message.subject, payload, { msgID: message.id, headers, timeout: 3_000 });
      } catch (error) {
        // Nobody keeps this subject: the stream is not there yet, or no more.
        if (isNoResponders(error)) await ensure(stream)();
        throw error;
      }
    }).catch((cause: unknown) => {
      if (cause instanceof CapacityError) throw cause;
      throw new CapacityError('unavailable', `the message ${message.id} was refused: ${String(cause)}`, { cause });
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
    await store('dead', { subject: deadSubject(letter.consumer), id, text: JSON.stringify(letter) });
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
    if (!link.isUp() && !(await link.untilUp(timeoutMs))) {
      throw new CapacityError('unavailable', `${name} cannot be asked: there is no connection to the bus`);
    }
    const answer = await around.tracer.span(`ask ${name}`, { key: asked.key, message_id: id }, async () => {
      try {
        const headers = traceHeaders(around.tracer);
        return await link.connection.request(subject, text, { timeout: timeoutMs, headers });
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
    const subscription = link.connection.subscribe(requestPattern(name), {
      queue,
      callback: (error, message) => {
        if (error) return around.log.error({ request: name, error }, 'Requests cannot be received');
        const work = answerRequest(around, name, message.string(), plainHeaders(message.headers), handler).then(
          (reply) => {
            message.respond(reply);
          },
        );
        underWay.add(work);
        void work.finally(() => underWay.delete(work));
      },
    });
    // Only then is it certain that the next question finds somebody.
    if (link.isUp()) await link.connection.flush();
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
    publish: (event) =>
      around.tracer.span(`publish ${event.type}`, { key: event.key }, async () =>
        store(streamOfEvent(event.type), encodeEvent(sender(), event)),
      ),
    consume: (type, settings, handler) => {
      const durable = consumerName(settings.durable, type);
      const source = { stream: streamOfEvent(type), durable, filter: eventPattern(type) };
      return consumeFrom(source, settings, handler as Handler);
    },
    consumeAll: async (settings, handler) => {
      const parts: Subscription[] = [];
      for (const stream of ['events', 'signals'] as const) {
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
