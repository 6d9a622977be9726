import { CapacityError } from '@capplan/contracts';
import { Redis, ReplyError } from 'ioredis';
import { withoutSecrets } from '../nats/nats-link.ts';
import type { Log } from '../ports/service.ts';

export interface RedisLink {
  redis: Redis;
  isUp(): boolean;
  /** Carries out what may be repeated; throws `unavailable` when Redis cannot be reached for two seconds. */
  reach<T>(what: string, attempt: (redis: Redis) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const patienceMs = 2_000;

/**
 * Connects to Redis, and again and again whenever the connection is lost. Commands given meanwhile are not queued
 * up without end: each one is tried again for a moment and then fails.
 *
 * @throws `unavailable` when the first connection cannot be made in time
 */
export async function connectRedis(
  options: { url: string; name: string; connectTimeoutMs?: number },
  log: Log,
): Promise<RedisLink> {
  const { url, name, connectTimeoutMs = 60_000 } = options;
  const redis = new Redis(url, {
    connectionName: name,
    lazyConnect: true,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: 5_000,
    connectTimeout: 3_000,
    retryStrategy: (tries) => Math.min(2_000, 50 * 2 ** Math.min(tries, 6)),
  });
  let isComplaining = false;
  redis.on('error', (error: Error) => {
    if (isComplaining) return;
    isComplaining = true;
    log.warn({ url: withoutSecrets(url), error }, 'Redis cannot be reached');
  });
  redis.on('ready', () => {
    if (isComplaining) log.info({ url: withoutSecrets(url) }, 'Redis is there again');
    isComplaining = false;
  });
  redis.connect().catch(() => {});
  const endMs = performance.now() + connectTimeoutMs;
  while (redis.status !== 'ready') {
    if (performance.now() >= endMs) {
      redis.disconnect();
      throw new CapacityError('unavailable', `Redis at ${withoutSecrets(url)} cannot be reached`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const reach = async <T>(what: string, attempt: (redis: Redis) => Promise<T>): Promise<T> => {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      try {
        return await attempt(redis);
      } catch (cause) {
        // What the server itself refuses stays refused, unless it is still reading its data.
        const isRefused = cause instanceof ReplyError && !String(cause).includes('LOADING');
        if (isRefused || performance.now() >= untilMs || redis.status === 'end') {
          throw new CapacityError('unavailable', `${what}: Redis does not do it (${String(cause)})`, { cause });
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  return {
    redis,
    isUp: () => redis.status === 'ready',
    reach,
    close: async () => {
      if (redis.status === 'ready') await redis.quit().catch(() => redis.disconnect());
      else redis.disconnect();
    },
  };
}
