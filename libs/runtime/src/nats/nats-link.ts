import { CapacityError, isCapacityError } from '@capplan/contracts';
import {
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, RequestError } from '@nats-io/nats-core';
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { withoutSecrets } from '../address/server-address.ts';
import type { Log } from '../ports/service.ts';
import { natsDoor } from './nats-access.ts';
import { natsRefusal } from './nats-refusal.ts';
import type { NatsAccess } from './nats-settings.ts';

export interface NatsOptions {
  /** One or more URLs, parted by commas; a user and password, or a token, may stand in them. */
  url: string;
  /** Name of the client, as the server lists it. */
  name: string;
  /** How long to try at the start. Default 60 s. */
  connectTimeoutMs?: number;
  /** How the client shows who it is, and certificates. */
  access?: NatsAccess;
}

/** A connection that is never given up, and what hangs on it. */
export interface NatsLink {
  connection: NatsConnection;
  streams: JetStreamClient;
  manager: JetStreamManager;
  isUp(): boolean;
  /** Resolves when there is a connection, at the latest after `limitMs`; says whether there is one. */
  untilUp(limitMs: number): Promise<boolean>;
  /** Calls back whenever a lost connection has been made again. */
  onReconnect(listener: () => void): () => void;
  onDisconnect(listener: () => void): () => void;
  close(): Promise<void>;
}

/**
 * Connects to NATS, and again and again whenever the connection is lost.
 *
 * @throws `unavailable` when the first connection cannot be made in time, `invalid_input` at once for an address or
 *   access that cannot be used, and when the server refuses who the client is or one side refuses the other's certificate
 */
export async function connectNats(options: NatsOptions, log: Log): Promise<NatsLink> {
  const connection = await firstConnection(options, log);
  const reconnectListeners = new Set<() => void>();
  const disconnectListeners = new Set<() => void>();
  let isUp = true;

  const watch = async (): Promise<void> => {
    void connection.closed().then(() => {
      isUp = false;
    });
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        isUp = false;
        log.warn({ server: options.name }, 'The connection to NATS is lost');
        for (const listener of disconnectListeners) listener();
      } else if (status.type === 'reconnect') {
        isUp = true;
        log.info({ server: status.server }, 'The connection to NATS is there again');
        for (const listener of reconnectListeners) listener();
      } else if (status.type === 'error') {
        log.error({ error: status.error }, 'NATS reports an error');
      }
    }
  };
  void watch();

  const streams = jetstream(connection, { timeout: requestTimeoutMs });
  const manager = await jetstreamManager(connection, { timeout: requestTimeoutMs, checkAPI: false });
  const on = (listeners: Set<() => void>) => (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const onReconnect = on(reconnectListeners);
  return {
    connection,
    streams,
    manager,
    isUp: () => isUp && !connection.isClosed(),
    untilUp: (limitMs) =>
      new Promise((resolve) => {
        if (connection.isClosed()) return resolve(false);
        if (isUp) return resolve(true);
        const finish = (result: boolean) => {
          clearTimeout(timer);
          leave();
          resolve(result);
        };
        const leave = onReconnect(() => finish(true));
        const timer = setTimeout(() => finish(false), limitMs);
      }),
    onReconnect,
    onDisconnect: on(disconnectListeners),
    close: async () => {
      if (connection.isClosed()) return;
      // Draining waits for the server; without one there is nothing to wait for.
      if (isUp) await connection.drain().catch(() => connection.close());
      else await connection.close();
    },
  };
}

/** How long one question to the server may take. */
const requestTimeoutMs = 5_000;

async function firstConnection(options: NatsOptions, log: Log): Promise<NatsConnection> {
  const { url, name, connectTimeoutMs = 60_000 } = options;
  const endMs = performance.now() + connectTimeoutMs;
  const { shownBy, ...door } = natsDoor(url, options.access);
  const settings: NodeConnectionOptions = {
    ...door,
    name,
    // Least rights: a user may be allowed its own inbox only.
    inboxPrefix: `_INBOX_${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    timeout: 3_000,
    // A peer that is gone without a reset is found out within six seconds.
    pingInterval: 2_000,
    maxPingOut: 2,
    // Once let in, a refusal may pass: accounts are changed while servers run. Health says it until then.
    ignoreAuthErrorAbort: true,
  };
  for (let tries = 1; ; tries++) {
    try {
      return await connect(settings);
    } catch (cause) {
      const refusal = natsRefusal(cause, shownBy);
      if (refusal !== undefined) {
        throw new CapacityError('invalid_input', `NATS at ${withoutSecrets(url)}: ${refusal}`, { cause });
      }
      if (performance.now() >= endMs) {
        const message = `NATS at ${withoutSecrets(url)} cannot be reached: ${String(cause)}`;
        throw new CapacityError('unavailable', message, { cause });
      }
      if (tries === 1) log.warn({ url: withoutSecrets(url), error: cause }, 'NATS does not answer yet');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Number of the server's own error, such as 10071 for a wrong revision. */
export function apiCodeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

/** Whether nobody took a request: the server is there, and the stream or its keeper is not. */
export function isNoResponders(error: unknown): boolean {
  if (error instanceof RequestError) return error.isNoResponders();
  return error instanceof Error && (error.name === 'JetStreamNotEnabled' || error.name === 'NoRespondersError');
}

/**
 * Repeats what may be repeated until it succeeds or the time is over.
 *
 * @throws `unavailable` after `limitMs`; at once what `isFinal` calls final, and every refusal
 */
export async function persist<T>(
  what: string,
  limitMs: number,
  link: NatsLink,
  attempt: () => Promise<T>,
  isFinal: (error: unknown) => boolean = (error) => apiCodeOf(error) !== undefined,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (let tries = 1; ; tries++) {
    let cause: unknown;
    try {
      return await attempt();
    } catch (error) {
      if (isCapacityError(error) || isFinal(error)) throw error;
      cause = error;
    }
    const restMs = endMs - performance.now();
    if (restMs <= 0 || link.connection.isClosed()) {
      throw new CapacityError('unavailable', `${what}: the bus does not answer (${String(cause)})`, { cause });
    }
    if (!link.isUp()) await link.untilUp(restMs);
    else await new Promise((resolve) => setTimeout(resolve, Math.min(restMs, 50 * 2 ** Math.min(tries, 5))));
  }
}
