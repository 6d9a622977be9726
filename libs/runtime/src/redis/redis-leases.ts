import type { Lease, Leases } from '../ports/cache.ts';
import type { RedisLink } from './redis-link.ts';

/*
 * A lease is one key `token:holder` with a time to live; beside it stands the newest token handed out, for ever. A
 * token is one more than the last, and no less than the server's clock in milliseconds: should the server lose its
 * last writes or all its data, a token that was handed out before still never comes again.
 */
const acquireScript = `
local present = redis.call('GET', KEYS[1])
if present then
  local colon = string.find(present, ':', 1, true)
  if string.sub(present, colon + 1) ~= ARGV[1] then return false end
  local own = string.sub(present, 1, colon - 1)
  if tonumber(own) > tonumber(ARGV[3]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return own
  end
end
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, tonumber(ARGV[3]) + 1, nowMs)
local text = string.format('%.0f', token)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text .. ':' .. ARGV[1], 'PX', ARGV[2])
return text`;

const renewScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const releaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** Leases in Redis. Time is that of the Redis server, so that clocks of replicas do not matter. */
export function createRedisLeases(link: RedisLink): Leases {
  const leaseKey = (name: string) => `capacity:lease:{${name}}`;
  const tokenKey = (name: string) => `capacity:lease-token:{${name}}`;
  const written = (lease: Lease) => `${lease.fencingToken}:${lease.holder}`;
  return {
    acquire: async (name, { holder, ttlMs, above = 0 }) => {
      const token = await link.reach(`acquiring ${name}`, (redis) =>
        redis.eval(acquireScript, 2, leaseKey(name), tokenKey(name), holder, Math.ceil(ttlMs), above),
      );
      return token === null ? undefined : { name, holder, fencingToken: Number(token) };
    },
    renew: async (lease, ttlMs) => {
      const done = await link.reach(`renewing ${lease.name}`, (redis) =>
        redis.eval(renewScript, 1, leaseKey(lease.name), written(lease), Math.ceil(ttlMs)),
      );
      return done === 1;
    },
    release: async (lease) => {
      await link.reach(`releasing ${lease.name}`, (redis) =>
        redis.eval(releaseScript, 1, leaseKey(lease.name), written(lease)),
      );
    },
    isCurrent: async (lease) => {
      const newest = await link.reach(`checking ${lease.name}`, (redis) => redis.get(tokenKey(lease.name)));
      return newest !== null && Number(newest) === lease.fencingToken;
    },
  };
}
