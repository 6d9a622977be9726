import { CapacityError } from '@capplan/contracts';

const wayOut =
  'give one redis:// or rediss:// address that always leads to the primary, such as a DNS name or proxy that follows a failover';

/**
 * Refuses an address of something other than one Redis server, in a sentence, before anything is connected: what
 * Sentinels and Clusters need (asking for the primary, several servers with a part of the keys each) is not offered.
 *
 * @throws `invalid_input` for several hosts, for a scheme of Sentinel or Cluster, and for any other scheme
 */
export function checkRedisAddress(url: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && !['redis', 'rediss'].includes(scheme)) {
    const kind = /sentinel|cluster/.exec(scheme)?.[0];
    const what = kind === undefined ? `the scheme ${scheme}:// is none of Redis` : `a Redis ${kind} is not supported`;
    throw new CapacityError('invalid_input', `the address of Redis: ${what}; ${wayOut}`);
  }
  // A password may hold a comma; hosts stand behind the last @.
  if (url.slice(url.lastIndexOf('@') + 1).includes(',')) {
    throw new CapacityError('invalid_input', `the address of Redis: several hosts are not supported; ${wayOut}`);
  }
}

/**
 * Refuses a server that is a Sentinel or a member of a Cluster, by what its INFO says of itself.
 *
 * @throws `invalid_input`
 */
export function checkRedisMode(info: string): void {
  const mode = /^redis_mode:(\w+)/m.exec(info)?.[1] ?? 'standalone';
  if (mode === 'standalone') return;
  throw new CapacityError(
    'invalid_input',
    `the address of Redis: the server there is a Redis ${mode}, not supported; ${wayOut}`,
  );
}
