import type { Cache } from '../ports/cache.ts';
import type { RedisLink } from './redis-link.ts';

/** Bytes in Redis. Values with a time to live may be evicted when memory is short; others never are. */
export function createRedisCache(link: RedisLink): Cache {
  const named = (key: string) => `capacity:cache:${key}`;
  return {
    get: async (key) => {
      const bytes = await link.reach(`reading ${key}`, (redis) => redis.getBuffer(named(key)));
      return bytes === null ? undefined : new Uint8Array(bytes);
    },
    set: async (key, value, { ttlSec } = {}) => {
      const bytes = Buffer.from(value);
      await link.reach(`writing ${key}`, (redis) =>
        ttlSec === undefined
          ? redis.set(named(key), bytes)
          : redis.set(named(key), bytes, 'PX', Math.max(1, Math.round(ttlSec * 1000))),
      );
    },
    remove: async (key) => {
      await link.reach(`removing ${key}`, (redis) => redis.del(named(key)));
    },
  };
}
