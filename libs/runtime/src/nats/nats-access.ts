import { readFileSync } from 'node:fs';
import { CapacityError } from '@capplan/contracts';
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  nkeys,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/nats-core';
import { readHost, readServerAddresses, readUserInfo, type ServerAddress } from '../address/server-address.ts';
import type { NatsAccess } from './nats-settings.ts';

/** What the client of NATS is given to find the servers and to be let in. */
export interface NatsDoor {
  servers: string[];
  authenticator?: Authenticator;
  tls?: TlsOptions;
  /** The settings by which the client shows who it is, for a refusal; never a value. */
  shownBy: string | undefined;
}

/** One way of showing who one is, and the variables that it came from. */
interface Proof {
  by: string;
  authenticator: Authenticator;
}

/**
 * Addresses and access of NATS as its client takes them. The client leaves out a user that stands in a URL, so it is
 * taken out here; all servers of a list are shown the same user.
 *
 * @throws `invalid_input` for an address that is none, for a user given in two ways, and for a file or a seed that
 *   cannot be used; no message holds a secret
 */
export function natsDoor(url: string, access: NatsAccess = {}): NatsDoor {
  const addresses = readServerAddresses(url);
  for (const address of addresses) checkAddress(address);
  const proofs = [fromUrl(addresses), fromUser(access), fromToken(access), fromSeed(access), fromFile(access)].filter(
    (proof) => proof !== undefined,
  );
  const [proof, other] = proofs;
  if (other) refuse(`${proof?.by} and ${other.by} are both given`, 'keep one of them');
  const tls = tlsOf(addresses, access);
  return {
    servers: addresses.flatMap(({ hosts }) => hosts),
    shownBy: proof?.by,
    ...(proof ? { authenticator: proof.authenticator } : {}),
    ...(tls ? { tls } : {}),
  };
}

function checkAddress({ scheme, hosts, rest }: ServerAddress): void {
  if (scheme !== undefined && scheme !== 'nats' && scheme !== 'tls') {
    refuse(`the scheme ${scheme}:// of the address is not supported`, 'write nats:// or tls://');
  }
  if (hosts.some((host) => readHost(host) === undefined) || (rest !== '' && rest !== '/')) {
    refuse('the address is not [nats:// or tls://][user:password@]host[:port]', 'put it right (NATS_URL)');
  }
}

function fromUrl(addresses: readonly ServerAddress[]): Proof | undefined {
  const [userInfo, different] = new Set(addresses.flatMap((address) => address.userInfo ?? []));
  if (different !== undefined) {
    refuse('the addresses name different users', 'give all servers of the list the same one (NATS_URL)');
  }
  if (userInfo === undefined || userInfo === '') return undefined;
  const { user, password } = readUserInfo(userInfo);
  if (password === undefined) return { by: 'the token in NATS_URL', authenticator: tokenAuthenticator(user) };
  return {
    by: 'the user and password in NATS_URL',
    authenticator: usernamePasswordAuthenticator(user, password),
  };
}

function fromUser({ natsUser = '', natsPassword = '' }: NatsAccess): Proof | undefined {
  if (natsUser === '' && natsPassword === '') return undefined;
  if (natsUser === '') refuse('NATS_PASSWORD is given and no user', 'set NATS_USER too');
  return {
    by: 'NATS_USER and NATS_PASSWORD',
    authenticator: usernamePasswordAuthenticator(natsUser, natsPassword),
  };
}

function fromToken({ natsToken = '' }: NatsAccess): Proof | undefined {
  return natsToken === '' ? undefined : { by: 'NATS_TOKEN', authenticator: tokenAuthenticator(natsToken) };
}

function fromSeed({ natsNkeySeed = '' }: NatsAccess): Proof | undefined {
  if (natsNkeySeed === '') return undefined;
  const seed = new TextEncoder().encode(natsNkeySeed.trim());
  if (!isUserSeed(seed)) refuse('NATS_NKEY_SEED is not the seed of a user key', 'give one that begins with SU');
  return { by: 'NATS_NKEY_SEED', authenticator: nkeyAuthenticator(seed) };
}

function isUserSeed(seed: Uint8Array): boolean {
  try {
    return nkeys.fromSeed(seed).getPublicKey().startsWith('U');
  } catch {
    return false;
  }
}

function fromFile({ natsCredsFile = '' }: NatsAccess): Proof | undefined {
  if (natsCredsFile === '') return undefined;
  let newest = fileOf('NATS_CREDS_FILE', natsCredsFile);
  if (!isCredentials(newest)) {
    refuse(`the file ${natsCredsFile} does not hold a user's token and seed`, 'name a .creds file (NATS_CREDS_FILE)');
  }
  const authenticator = credsAuthenticator(() => {
    try {
      const found = readFileSync(natsCredsFile);
      if (isCredentials(found)) newest = found;
    } catch {
      // A file that is being replaced: what was there before may still be good.
    }
    return newest;
  });
  return { by: 'NATS_CREDS_FILE', authenticator };
}

function isCredentials(content: Uint8Array): boolean {
  try {
    credsAuthenticator(content)('nonce');
    return true;
  } catch {
    return false;
  }
}

function tlsOf(
  addresses: readonly ServerAddress[],
  { natsCa = '', natsCert = '', natsKey = '' }: NatsAccess,
): TlsOptions | undefined {
  if ((natsCert === '') !== (natsKey === '')) {
    refuse('a client certificate needs both of its files', 'set NATS_CERT_FILE and NATS_KEY_FILE');
  }
  if (natsCa === '' && natsCert === '' && addresses.every(({ scheme }) => scheme !== 'tls')) return undefined;
  const text = (variable: string, path: string) => new TextDecoder().decode(fileOf(variable, path));
  return {
    ...(natsCa === '' ? {} : { ca: text('NATS_CA_FILE', natsCa) }),
    ...(natsCert === '' ? {} : { cert: text('NATS_CERT_FILE', natsCert), key: text('NATS_KEY_FILE', natsKey) }),
  };
}

function fileOf(variable: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    return refuse(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, `see ${variable}`);
  }
}

function refuse(what: string, remedy: string): never {
  throw new CapacityError('invalid_input', `access to NATS: ${what}; ${remedy}`);
}
