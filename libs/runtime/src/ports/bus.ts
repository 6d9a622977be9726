import type {
  Actor,
  Envelope,
  EventData,
  EventType,
  IngestData,
  IngestKind,
  ReplyData,
  RequestData,
  RequestName,
} from '@capplan/contracts';

/** An event as its writer says it; the bus adds time, actor and the derived id. */
export interface EventToPublish<T extends EventType> {
  type: T;
  /** `<namespace>/<name>` of what it is about. */
  key: string;
  data: EventData<T>;
  /** What it follows from (a window, a revision, a message id): same type, key and cause = the same message. */
  cause: string;
  causationId?: string;
  actor?: Actor;
}

export interface PublishOptions {
  /**
   * How long a missing connection is waited for, ms. Default 10,000; less where a person waits for the outcome. While
   * there is a connection, a publish is repeated for 10 s in any case.
   */
  connectionWaitMs?: number;
}

export interface Delivered<Data> {
  envelope: Envelope<Data>;
  key: string;
  /** Position in the stream; grows with every message. */
  sequence: number;
  /** When the stream took it in, by the stream's clock, ms since the epoch; the same at every delivery. */
  storedAtMs: number;
  /** 1 at first, more when it comes again. */
  deliveries: number;
}

export interface ConsumeOptions {
  /** Name shared by all replicas of one service: each message goes to one of them. One durable per pattern. */
  durable: string;
  /** After so many tries a message is set aside as a dead letter. Default 8. */
  maxDeliveries?: number;
  /** Unacknowledged for so long, it is delivered again. Default 30 s. */
  ackWaitMs?: number;
  /** Messages handled at once; those of one key are always handled one after another. Default 16. */
  concurrency?: number;
  /** Where a new durable starts. Default `all`. */
  from?: 'all' | 'new';
}

export interface Subscription {
  /** Takes no further message and resolves when those under way are over. */
  stop(): Promise<void>;
}

export interface IncomingRequest<N extends RequestName> {
  id: string;
  name: N;
  key: string;
  actor: Actor;
  data: RequestData<N>;
}

export interface RequestOptions {
  key: string;
  actor: Actor;
  /** Default 5,000 ms. */
  timeoutMs?: number;
  /** The same id lets the owner recognise a repeated command. */
  id?: string;
}

/**
 * The message bus. Published means stored: `publish` resolves when the stream has acknowledged, and throws
 * `unavailable` otherwise; saying it again is harmless. What is larger than a message may be (1 MiB on a server as it
 * comes) is `too_large`: an event, a report, a question, and an answer too, in whose place the asker gets the error.
 *
 * A handler that throws gets the message again, with growing delay, until `maxDeliveries`; a message that does not
 * fit its schema is set aside at once. Handlers may meet the same message twice, and messages of one key out of order
 * after a redelivery.
 */
export interface Bus {
  publish<T extends EventType>(event: EventToPublish<T>, options?: PublishOptions): Promise<{ duplicate: boolean }>;
  consume<T extends EventType>(
    event: T,
    options: ConsumeOptions,
    handler: (message: Delivered<EventData<T>>) => Promise<void>,
  ): Promise<Subscription>;
  /** Every event of every type, in the order of the stream where `concurrency` is 1. */
  consumeAll(options: ConsumeOptions, handler: (message: Delivered<unknown>) => Promise<void>): Promise<Subscription>;
  /**
   * The newest event of every key, then every further one, for this replica alone: for views that can be rebuilt.
   * Resolves when the present state has been handed over.
   */
  follow<T extends EventType>(
    event: T,
    handler: (message: Delivered<EventData<T>>) => Promise<void> | void,
  ): Promise<Subscription>;

  ingest<K extends IngestKind>(
    kind: K,
    report: { key: string; cause: string; data: IngestData<K> },
  ): Promise<{ duplicate: boolean }>;
  consumeIngest<K extends IngestKind>(
    kind: K,
    options: ConsumeOptions,
    handler: (message: Delivered<IngestData<K>>) => Promise<void>,
  ): Promise<Subscription>;

  /**
   * Asks the owner. Throws the `CapacityError` that it answered, `unavailable` when nobody listens or the connection is
   * missing or lost meanwhile, `deadline_exceeded` when nobody answers. After both a command may have been carried out.
   */
  request<N extends RequestName>(name: N, data: RequestData<N>, options: RequestOptions): Promise<ReplyData<N>>;
  /** Answers for the owner; replicas share the work. A thrown `CapacityError` travels to the asker; anything else becomes `internal`. */
  respond<N extends RequestName>(
    name: N,
    handler: (request: IncomingRequest<N>) => Promise<ReplyData<N>>,
  ): Promise<Subscription>;
}
