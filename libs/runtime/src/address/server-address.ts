/** One part of an address: a scheme, who connects, and one or more hosts. */
export interface ServerAddress {
  /** In small letters and without `://`; undefined when the address names none. */
  scheme: string | undefined;
  /** What stands before the last `@`, as it was written. */
  userInfo: string | undefined;
  /** Hosts with their ports, as they were written. */
  hosts: string[];
  /** What stands behind the hosts, from the first `/`, `?` or `#` on. */
  rest: string;
}

/** A comma parts two addresses where a scheme follows; any other comma parts two hosts, or stands in a password. */
const betweenAddresses = /,\s*(?=[a-z][a-z0-9+.-]*:\/\/)/i;
const withScheme = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is;
const host = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;

/**
 * Takes a list of addresses apart. A password may hold `@`, `/`, `#` and `,` as they are: hosts stand behind the last
 * `@` of their address.
 */
export function readServerAddresses(text: string): ServerAddress[] {
  return text.trim().split(betweenAddresses).map(readServerAddress);
}

function readServerAddress(text: string): ServerAddress {
  const found = withScheme.exec(text);
  const scheme = found?.[1]?.toLowerCase();
  const behindScheme = found?.[2] ?? text;
  const at = behindScheme.lastIndexOf('@');
  const place = behindScheme.slice(at + 1);
  const end = place.search(/[/?#]/);
  const hosts = (end < 0 ? place : place.slice(0, end)).split(',').map((name) => name.trim());
  return {
    scheme,
    userInfo: at < 0 ? undefined : behindScheme.slice(0, at),
    hosts,
    rest: end < 0 ? '' : place.slice(end),
  };
}

/** Name and port of a host such as `nats.example:4222` or `[::1]:6379`; undefined when it is none. */
export function readHost(text: string): { name: string; port: number | undefined } | undefined {
  const found = host.exec(text);
  if (!found) return undefined;
  const port = found[2] === undefined ? undefined : Number(found[2]);
  if (port !== undefined && port > 65_535) return undefined;
  return { name: (found[1] as string).replace(/^\[|\]$/g, ''), port };
}

/** User and password as they are meant: `%40` stands for `@`. A `%` that stands for nothing is itself. */
export function readUserInfo(userInfo: string): { user: string; password: string | undefined } {
  const colon = userInfo.indexOf(':');
  if (colon < 0) return { user: decoded(userInfo), password: undefined };
  return { user: decoded(userInfo.slice(0, colon)), password: decoded(userInfo.slice(colon + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * An address, or a list of them, as it may be shown: hosts and ports, and nothing of users, passwords or parameters.
 * Where it is not certain that a text is a host, `***` stands in its place.
 */
export function withoutSecrets(text: string): string {
  // The path of a socket names nobody.
  if (/^\/[\w./-]*$/.test(text)) return text;
  const question = text.indexOf('?');
  if (question >= 0) {
    // Whether the ? begins the parameters or stands in a password is certain only where no @ follows.
    if (!text.includes('@', question)) return `${withoutSecrets(text.slice(0, question))}?***`;
    return `${/^[a-z]+:\/\//i.exec(text)?.[0] ?? ''}***`;
  }
  const addresses = readServerAddresses(text);
  const lastWithUser = addresses.findLastIndex(({ userInfo }) => userInfo !== undefined);
  const userInfo = addresses[lastWithUser]?.userInfo;
  return addresses
    .map((address, i) => {
      // Before the last @ of the whole text everything may be a password, unless it repeats the same user.
      if (i < lastWithUser && address.userInfo !== userInfo) return '***';
      return shown(address);
    })
    .join(',');
}

function shown({ scheme, userInfo, hosts, rest }: ServerAddress): string {
  const start = scheme === undefined ? '' : `${scheme}://`;
  const who = userInfo === undefined ? '' : '***@';
  const places = hosts.map((name) => (readHost(name) ? name : '***'));
  const isPlain = rest === '' || /^\/\d*$/.test(rest);
  return `${start}${who}${places.join(',')}${isPlain ? rest : '/***'}`;
}
