import type { Cache } from '../ports/cache.ts';
import type { RedisLink } from './redis-link.ts';

const swapScript = `
local present = redis.call('GET', KEYS[1])
local from = ARGV[1] == '1' and ARGV[2]
local to = ARGV[3] == '1' and ARGV[4]
if present ~= from and present ~= to then return 0 end
if not to then redis.call('DEL', KEYS[1])
elseif ARGV[5] == '' then redis.call('SET', KEYS[1], to)
else redis.call('SET', KEYS[1], to, 'PX', ARGV[5]) end
return 1`;

/** Bytes in Redis. Values with a time to live may be evicted when memory is short; others never are. */
export function createRedisCache(link: RedisLink): Cache {
  const named = (key: string) => `capacity:cache:${key}`;
  const ttlMs = (ttlSec: number) => Math.max(1, Math.round(ttlSec * 1000));
  const present = (value: Uint8Array | undefined) => [value === undefined ? '0' : '1', Buffer.from(value ?? [])];
  return {
    get: async (key) => {
      const bytes = await link.reach(`reading ${key}`, (redis) => redis.getBuffer(named(key)));
      return bytes === null ? undefined : new Uint8Array(bytes);
    },
    set: async (key, value, { ttlSec } = {}) => {
      const bytes = Buffer.from(value);
      await link.reach(`writing ${key}`, (redis) =>
        ttlSec === undefined ? redis.set(named(key), bytes) : redis.set(named(key), bytes, 'PX', ttlMs(ttlSec)),
      );
    },
    remove: async (key) => {
      await link.reach(`removing ${key}`, (redis) => redis.del(named(key)));
    },
    swap: async (key, { from, to }, { ttlSec } = {}) => {
      const lifetime = ttlSec === undefined ? '' : String(ttlMs(ttlSec));
      const done = await link.reach(`changing ${key}`, (redis) =>
        redis.eval(swapScript, 1, named(key), ...present(from), ...present(to), lifetime),
      );
      return done === 1;
    },
  };
}
