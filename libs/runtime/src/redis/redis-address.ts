import { CapacityError } from '@capplan/contracts';
import { readHost, readServerAddresses, readUserInfo } from '../address/server-address.ts';

const wayOut =
  'give one redis:// or rediss:// address that always leads to the primary, such as a DNS name or proxy that follows a failover';

/** Where one Redis server is, as its client takes it. */
export type RedisPlace =
  | { path: string }
  | {
      host: string;
      port: number;
      username?: string;
      password?: string;
      db: number;
      tls?: Record<string, never>;
    };

/**
 * Reads the address of one Redis server: `redis[s]://[user:password@]host[:port][/database]`, or the path of a socket.
 * What Sentinels and Clusters need (asking for the primary, several servers with a part of the keys each) is not offered.
 * A password may hold `@`, `/`, `#` and `,` as they are; a `?` is written `%3F`.
 *
 * @throws `invalid_input` for several hosts, for a scheme of Sentinel or Cluster, for any other scheme, and for what is no
 *   address; no message holds a part of it
 */
export function readRedisAddress(url: string): RedisPlace {
  if (url.includes('?')) refuse('nothing may stand behind a ?', 'leave it out; write %3F for a ? in a password');
  if (/^\/(?!\/)/.test(url)) return { path: url };
  const addresses = readServerAddresses(url);
  for (const { scheme } of addresses) checkScheme(scheme);
  const [address] = addresses;
  const [place] = address?.hosts ?? [];
  if (address === undefined || place === undefined || addresses.length > 1 || address.hosts.length > 1) {
    return refuse('several hosts are not supported', wayOut);
  }
  const host = readHost(place);
  const database = /^(?:\/(\d{0,4}))?$/.exec(address.rest);
  if (host === undefined || database === null) {
    return refuse('it is not redis://[user:password@]host[:port][/database]', wayOut);
  }
  const { user, password } = readUserInfo(address.userInfo ?? '');
  return {
    host: host.name,
    port: host.port ?? 6379,
    ...(user === '' ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    db: Number(database[1] ?? 0),
    ...(address.scheme === 'rediss' ? { tls: {} } : {}),
  };
}

function checkScheme(scheme: string | undefined): void {
  if (scheme === undefined || scheme === 'redis' || scheme === 'rediss') return;
  const kind = /sentinel|cluster/.exec(scheme)?.[0];
  refuse(kind === undefined ? `the scheme ${scheme}:// is none of Redis` : `a Redis ${kind} is not supported`, wayOut);
}

function refuse(what: string, remedy: string): never {
  throw new CapacityError('invalid_input', `the address of Redis: ${what}; ${remedy}`);
}

/**
 * Refuses a server that is a Sentinel or a member of a Cluster, by what its INFO says of itself.
 *
 * @throws `invalid_input`
 */
export function checkRedisMode(info: string): void {
  const mode = /^redis_mode:(\w+)/m.exec(info)?.[1] ?? 'standalone';
  if (mode === 'standalone') return;
  refuse(`the server there is a Redis ${mode}, not supported`, wayOut);
}
