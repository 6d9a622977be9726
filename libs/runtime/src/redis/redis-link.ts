import { CapacityError } from '@capplan/contracts';
import { Redis, ReplyError } from 'ioredis';
import { withoutSecrets } from '../address/server-address.ts';
import type { Log } from '../ports/service.ts';
import { isDeadReply, type LinkEvent, type LinkState, nextLinkState } from './link-state.ts';
import { checkRedisMode, readRedisAddress } from './redis-address.ts';

export interface RedisLink {
  /**
   * The client. While the connection is not proven to work, its commands fail at once; whatever fails because of the
   * connection or the state of the server fails with `unavailable`. Other refusals of the server come as they are.
   */
  redis: Redis;
  /** Whether the server is there and does its work, with the reason when it does not. */
  health(): { ready: boolean; detail: string };
  /** Carries out what may be repeated; throws `unavailable` when Redis does not do it within half a second of trying. */
  reach<T>(what: string, attempt: (redis: Redis) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface RedisLinkOptions {
  url: string;
  /** Name of the client, as the server lists it. */
  name: string;
  /** What proves that the server works: a small write, or a ping where nothing of ours may be written. */
  proof: 'write' | 'ping';
}

/** How long a short trouble of the connection is waited out. */
const patienceMs = 500;
const proofEveryMs = 2_000;
const proofTimeoutMs = 1_000;
/** A command is given up after this; a peer that is gone is found out earlier, by the proof. */
const commandTimeoutMs = 3_000;

/** What the server answers to a client that it does not let in. */
const notLetIn = /\b(WRONGPASS|NOAUTH|NOPERM)\b/;

/**
 * Keeps a connection to Redis, made again and again whenever it is lost, when the peer falls silent, and when a
 * failover left it at a server that takes no writes any more. The name is resolved afresh each time.
 *
 * @throws `invalid_input` for the address of a Sentinel or a Cluster, and for what is no address
 */
export function openRedisLink(options: RedisLinkOptions, log: Log): RedisLink {
  const { url, name } = options;
  const place = readRedisAddress(url);
  let state: LinkState = { kind: 'away', detail: 'connecting' };
  let isComplaining = false;
  /** Connections in a row that did not prove to work: each further one is made later. */
  let unproven = 0;
  let isProving = false;

  const redis = new Redis({
    ...place,
    connectionName: name,
    lazyConnect: true,
    // A command whose connection is lost fails, and is not sent again: only who gave it knows whether it may be.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 3_000,
    // A silent peer does not answer the goodbye either.
    disconnectTimeout: 100,
    retryStrategy: (tries) => Math.min(2_000, 50 * 2 ** Math.min(tries + unproven, 6)),
    reconnectOnError: ({ message }) => {
      take({ kind: 'refused', message, isProof: false });
      return false;
    },
  });

  const take = (event: LinkEvent): void => {
    const next = nextLinkState(state, event);
    state = next.state;
    if (event.kind === 'proven') unproven = 0;
    if (event.kind === 'connected') unproven += 1;
    tell();
    if (next.drop) redis.disconnect(true);
  };
  const tell = (): void => {
    const facts = { url: withoutSecrets(url) };
    if (state.kind === 'open' && isComplaining) log.info(facts, 'Redis is there again');
    if ((state.kind === 'away' || state.kind === 'refusing') && !isComplaining) {
      log.warn({ ...facts, reason: state.detail }, 'Redis cannot be used');
      isComplaining = true;
    }
    if (state.kind === 'open') isComplaining = false;
  };

  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const isOurs = redis.status !== 'ready' || isProving || command.name === 'quit';
    if (!isOurs && state.kind !== 'open' && state.kind !== 'refusing') {
      command.reject(new CapacityError('unavailable', `Redis: ${detailOf(state)}`));
      return command.promise;
    }
    const answer = send(command, stream);
    // A command of a pipeline hands its outcome to the pipeline.
    if (stream !== undefined || !(answer instanceof Promise)) return answer;
    const told = answer.catch((error: unknown) => {
      throw translated(error);
    });
    told.catch(() => {});
    return told;
  };

  const prove = async (): Promise<void> => {
    if (isProving || redis.status !== 'ready') return;
    isProving = true;
    const answer =
      options.proof === 'ping' ? redis.ping() : redis.set(`capacity:probe:${name}`, '1', 'PX', 15 * proofEveryMs);
    // Only the command that was just sent passes by the guard.
    isProving = false;
    const outcome = await withinMs(proofTimeoutMs, answer);
    if (outcome.kind === 'refused') {
      const message = refusalOf(outcome.error);
      if (message !== undefined) take({ kind: 'refused', message, isProof: true });
    } else take({ kind: outcome.kind });
  };

  redis.on('error', (error: Error) => {
    const cause = error instanceof CapacityError && error.cause instanceof Error ? error.cause : error;
    if (state.kind === 'away') state = { kind: 'away', detail: cause.message };
    tell();
  });
  redis.on('ready', () => {
    take({ kind: 'connected' });
    void prove();
  });
  redis.on('close', () => {
    // Why it was dropped says more than that it is closed.
    if (state.kind !== 'away') take({ kind: 'closed', detail: 'connecting' });
  });
  redis.connect().catch(() => {});
  const proving = setInterval(() => void prove(), proofEveryMs);
  proving.unref();

  return {
    redis,
    health: () => ({ ready: state.kind === 'open', detail: detailOf(state) }),
    reach: async (what, attempt) => {
      const untilMs = performance.now() + patienceMs;
      for (;;) {
        try {
          return await attempt(redis);
        } catch (cause) {
          const refusal = refusalOf(cause);
          // What the server itself refuses stays refused, unless another server may be found.
          const mayPass = refusal === undefined || isDeadReply(refusal);
          if (!mayPass || performance.now() >= untilMs || redis.status === 'end') {
            throw new CapacityError('unavailable', `${what}: Redis does not do it (${String(cause)})`, { cause });
          }
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
      }
    },
    close: async () => {
      clearInterval(proving);
      if (redis.status === 'ready' && state.kind !== 'away') await withinMs(proofTimeoutMs, redis.quit());
      redis.disconnect();
    },
  };
}

/**
 * Opens a link and waits until the server works.
 *
 * @throws `unavailable` when it does not in time, `invalid_input` at once when it is a Sentinel or a member of a Cluster,
 *   and when it does not let the user in
 */
export async function connectRedis(
  options: RedisLinkOptions & { connectTimeoutMs?: number },
  log: Log,
): Promise<RedisLink> {
  const { connectTimeoutMs = 60_000, url } = options;
  const link = openRedisLink(options, log);
  const endMs = performance.now() + connectTimeoutMs;
  try {
    for (;;) {
      // Before that, the client would ask as a part of its own greeting.
      const isReady = link.redis.status === 'ready';
      const info = isReady ? await link.redis.info('server').catch(() => undefined) : undefined;
      if (info !== undefined) {
        checkRedisMode(info);
        return link;
      }
      const why = link.health().detail;
      if (notLetIn.test(why)) {
        const remedy = 'give a user that may write there in its URL, redis://user:password@host';
        throw new CapacityError(
          'invalid_input',
          `Redis at ${withoutSecrets(url)} does not let this client in (${why}); ${remedy}`,
        );
      }
      if (performance.now() >= endMs) {
        throw new CapacityError('unavailable', `Redis at ${withoutSecrets(url)} cannot be used: ${why}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } catch (error) {
    await link.close();
    throw error;
  }
}

function detailOf(state: LinkState): string {
  if (state.kind === 'open') return 'connected';
  if (state.kind === 'unproven') return 'connected, not yet proven to work';
  return state.kind === 'refusing' ? `takes no writes: ${state.detail}` : state.detail;
}

/** What the server said, when it was the server that refused. */
function refusalOf(error: unknown): string | undefined {
  const told = error instanceof CapacityError ? error.cause : error;
  return told instanceof ReplyError ? (told as Error).message : undefined;
}

/** Errors of a server that takes no writes for now. */
const noWrites = /(?:^|-)(OOM|MISCONF|NOREPLICAS)\b/;

/** The world failing is `unavailable`; a command that is wrong stays the error that the server gave. */
function translated(error: unknown): unknown {
  if (error instanceof CapacityError) return error;
  const refusal = refusalOf(error);
  if (refusal !== undefined && !isDeadReply(refusal) && !noWrites.test(refusal)) return error;
  return new CapacityError('unavailable', `Redis: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

type Outcome = { kind: 'proven' } | { kind: 'silent' } | { kind: 'refused'; error: unknown };

/** How a proof ends. A process that was held up first reads what has arrived before it calls its peer silent. */
function withinMs(limitMs: number, answer: Promise<unknown>): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      setTimeout(() => setImmediate(() => resolve({ kind: 'silent' })), 10);
    }, limitMs);
    const settle = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    answer.then(
      () => settle({ kind: 'proven' }),
      (error: unknown) => settle({ kind: 'refused', error }),
    );
  });
}
