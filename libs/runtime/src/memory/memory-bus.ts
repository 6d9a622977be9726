import {
  CapacityError,
  type DeadLetter,
  type EventType,
  type IngestKind,
  type RequestName,
  requestSubject,
} from '@capplan/contracts';
import { answerRequest, encodeRequest, readReply } from '../bus/answer-request.ts';
import { type BusSurroundings, createFollowHandling, createMessageHandling } from '../bus/handle-message.ts';
import { holdSize, textBytesMax } from '../bus/message-limit.ts';
import {
  defaultAckWaitMs,
  defaultConcurrency,
  defaultMaxDeliveries,
  defaultRequestTimeoutMs,
} from '../bus/redelivery.ts';
import { type EventStream, streamOfEvent, streamPlans } from '../bus/stream-plan.ts';
import { encodeEvent, encodeIngest, type WireMessage, within } from '../bus/wire-message.ts';
import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import type { Bus, ConsumeOptions, Delivered, IncomingRequest, Subscription } from '../ports/bus.ts';
import type { Chance } from './faults.ts';
import { createMemoryDurable, type MemoryDurable } from './memory-durable.ts';
import { createMemoryFeed } from './memory-feed.ts';
import type { MemoryLink } from './memory-link.ts';
import { createMemoryStream, type MemoryStream, type StoredMessage } from './memory-stream.ts';

interface Responder {
  link: MemoryLink;
  answer(text: string, headers: Record<string, string>): Promise<string>;
}

type Handler = (message: Delivered<never>) => Promise<void>;

/** What the replicas share: streams, the places of their consumers, and who answers what. */
export interface MemoryBroker {
  streams: Record<EventStream | 'ingest', MemoryStream>;
  deadLetters: DeadLetter[];
  store(stream: EventStream | 'ingest', message: WireMessage, type: string, key: string): { duplicate: boolean };
  durable(source: Source, options: ConsumeOptions): MemoryDurable;
  responders: Map<RequestName, Responder[]>;
  /** Messages that some durable has yet to acknowledge. */
  pending(): number;
}

/** Which messages a durable reads. */
interface Source {
  name: string;
  streams: readonly (EventStream | 'ingest')[];
  /** Undefined for every type. */
  type: string | undefined;
}

export function createMemoryBroker(clock: SchedulingClock, chanceFor: (place: string) => Chance): MemoryBroker {
  let sequence = 0;
  const nextSequence = () => ++sequence;
  const streams = {
    events: createMemoryStream(streamPlans.events, nextSequence),
    records: createMemoryStream(streamPlans.records, nextSequence),
    signals: createMemoryStream(streamPlans.signals, nextSequence),
    ingest: createMemoryStream(streamPlans.ingest, nextSequence),
  };
  const deadLetters: DeadLetter[] = [];
  const durables = new Map<string, MemoryDurable>();

  const durable = (source: Source, options: ConsumeOptions): MemoryDurable => {
    const name = `${options.durable} ${source.name}`;
    const present = durables.get(name);
    if (present) return present;
    const streamOf = (stored: StoredMessage) =>
      source.streams.length === 1 ? (source.streams[0] as keyof typeof streams) : streamOfEvent(stored.type);
    const made = createMemoryDurable({
      clock,
      chance: chanceFor(`durable/${name}`),
      ackWaitMs: options.ackWaitMs ?? defaultAckWaitMs,
      isKept: (stored) => streams[streamOf(stored)].isKept(stored, clock.nowMs()),
      onDead: (letter) => deadLetters.push(letter),
    });
    durables.set(name, made);
    const isWanted = (stored: StoredMessage) => source.type === undefined || stored.type === source.type;
    if (options.from !== 'new') {
      const kept = source.streams.flatMap((stream) => streams[stream].kept(clock.nowMs()));
      for (const stored of kept.sort((a, b) => a.sequence - b.sequence)) if (isWanted(stored)) made.offer(stored);
    }
    for (const stream of source.streams) {
      streams[stream].onAppend((stored) => {
        if (isWanted(stored)) made.offer(stored);
      });
    }
    return made;
  };

  return {
    streams,
    deadLetters,
    store: (stream, message, type, key) => streams[stream].append({ message, type, key, timeMs: clock.nowMs() }),
    durable,
    responders: new Map(),
    pending: () => [...durables.values()].reduce((sum, one) => sum + one.pending(), 0),
  };
}

/** One replica's view of the bus. */
export function createMemoryBus(
  broker: MemoryBroker,
  link: MemoryLink,
  base: SchedulingClock,
  around: BusSurroundings & { instance: string },
): Bus {
  let requests = 0;
  let turn = 0;

  const sender = () => {
    const headers: Record<string, string> = {};
    around.tracer.inject(headers);
    return { name: around.name, nowMs: base.nowMs(), headers };
  };
  const publishFaults = { before: 'failPublish', after: 'failPublishAfterStoring' } as const;

  const join = (source: Source, options: ConsumeOptions, handler: Handler): Promise<Subscription> =>
    link.operate(() =>
      broker.durable(source, options).join({
        link,
        handler,
        handling: createMessageHandling(around, {
          durable: options.durable,
          maxDeliveries: options.maxDeliveries ?? defaultMaxDeliveries,
        }),
        concurrency: options.concurrency ?? defaultConcurrency,
      }),
    );

  const publish: Bus['publish'] = async (event) => {
    const message = encodeEvent(sender(), event);
    holdSize(`the message ${message.id}`, message.text, textBytesMax());
    return link.operate(() => broker.store(streamOfEvent(event.type), message, event.type, event.key), publishFaults);
  };

  const follow = async (type: EventType, handler: (message: Delivered<never>) => Promise<void> | void) => {
    const handling = createFollowHandling(around);
    const feed = createMemoryFeed<StoredMessage>(link, base, ({ message, sequence, timeMs }) =>
      handling({ message, sequence, storedAtMs: timeMs, deliveries: 1 }, handler),
    );
    const leave = await link.operate(() => {
      const stream = broker.streams[streamOfEvent(type)];
      for (const stored of stream.newestOfEverySubject(type, base.nowMs())) feed.push(stored);
      return stream.onAppend((stored) => {
        if (stored.type === type) feed.push(stored);
      });
    });
    await feed.handedOver();
    return {
      stop: () => {
        leave();
        return feed.stop();
      },
    };
  };

  const request: Bus['request'] = async (name, data, options) => {
    requests += 1;
    const id = options.id ?? `${around.name}-${around.instance}-${requests}`;
    within(() => requestSubject(name, options.key));
    const { headers, nowMs } = sender();
    const text = encodeRequest(name, data, { ...options, id, nowMs });
    holdSize(`the question ${name}`, text, textBytesMax());
    const timeoutMs = options.timeoutMs ?? defaultRequestTimeoutMs;
    const responder = await link.operate(() => {
      const free = (broker.responders.get(name) ?? []).filter((one) => one.link.state() === 'up');
      if (free.length === 0) throw new CapacityError('unavailable', `nobody answers ${name}`);
      return free[turn++ % free.length] as Responder;
    });
    const answer = await new Promise<string>((resolve, reject) => {
      const giveUp = base.at(base.nowMs() + timeoutMs, () => {
        reject(new CapacityError('deadline_exceeded', `no answer to ${name} within ${timeoutMs} ms`));
      });
      const ask = async (): Promise<void> => {
        const delayMs = link.chance.strikes('delayDelivery') ? link.chance.delayMs() : 0;
        if (delayMs > 0) await base.sleep(delayMs);
        if (responder.link.state() !== 'up') return;
        const reply = await responder.answer(text, headers);
        if (responder.link.state() !== 'up' || link.state() !== 'up' || link.chance.strikes('loseReply')) return;
        giveUp();
        resolve(reply);
      };
      if (!link.chance.strikes('loseRequest')) void Promise.resolve().then(ask);
    }).catch(async (error: unknown) => {
      await link.alive();
      throw error;
    });
    return readReply(name, answer);
  };

  const respond = <N extends RequestName>(
    name: N,
    handler: Parameters<typeof answerRequest<N>>[3],
  ): Promise<Subscription> =>
    link.operate(() => {
      const underWay = new Set<Promise<string>>();
      const responder: Responder = {
        link,
        answer: async (text, headers) => {
          const question = { text, headers, replyBytesMax: textBytesMax() };
          const answering = answerRequest(around, name, question, handler as (r: IncomingRequest<N>) => never);
          underWay.add(answering);
          try {
            return await answering;
          } finally {
            underWay.delete(answering);
          }
        },
      };
      const all = () => broker.responders.get(name) ?? [];
      broker.responders.set(name, [...all(), responder]);
      const leave = () => {
        const others = all().filter((one) => one !== responder);
        broker.responders.set(name, others);
      };
      const detach = link.attach({
        onDown: (state) => {
          if (state === 'crashed') leave();
        },
        onUp: () => {},
      });
      return {
        stop: async () => {
          leave();
          if (link.state() === 'crashed') return;
          await Promise.all(underWay);
          detach();
        },
      };
    });

  return {
    publish,
    consume: (type, options, handler) =>
      join({ name: type, streams: [streamOfEvent(type)], type }, options, handler as Handler),
    consumeAll: (options, handler) =>
      join(
        { name: 'every event', streams: ['events', 'records', 'signals'], type: undefined },
        options,
        handler as Handler,
      ),
    follow: follow as Bus['follow'],
    ingest: async (kind, report) => {
      const message = encodeIngest(sender(), kind, report);
      holdSize(`the message ${message.id}`, message.text, textBytesMax());
      return link.operate(() => broker.store('ingest', message, kind, report.key), publishFaults);
    },
    consumeIngest: (kind: IngestKind, options: ConsumeOptions, handler) =>
      join({ name: `ingest ${kind}`, streams: ['ingest'], type: kind }, options, handler as Handler),
    request,
    respond,
  };
}
