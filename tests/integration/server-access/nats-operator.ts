import { createHash } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type Pair = ReturnType<typeof nkeys.createUser>;

/** An operator of NATS with one account that may use JetStream, as a server's configuration, and a user of it. */
export interface NatsOperator {
  settings: string[];
  /** The content of the user's credentials file. */
  credentials: string;
}

/** Makes an operator, its system account, an account with JetStream and a user: what NATS' own tools would write. */
export function makeNatsOperator(): NatsOperator {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const counts = { imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const systemToken = claim(operator, system, { type: 'account', limits: { ...unlimited, ...counts } });
  const accountToken = claim(operator, account, { type: 'account', limits: { ...unlimited, ...counts, ...storage } });
  const userToken = claim(account, user, { type: 'user', pub: {}, sub: {}, ...unlimited });
  return {
    settings: [
      `operator: ${claim(operator, operator, { type: 'operator' })}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      'resolver_preload: {',
      `  ${system.getPublicKey()}: ${systemToken}`,
      `  ${account.getPublicKey()}: ${accountToken}`,
      '}',
    ],
    credentials: credentialsOf(userToken, new TextDecoder().decode(user.getSeed())),
  };
}

/** A credentials file. */
export function credentialsOf(token: string, seed: string): string {
  return [
    '-----BEGIN NATS USER JWT-----',
    token,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n');
}

/** A signed statement of NATS: a JWT of its own kind, `ed25519-nkey`. */
function claim(issuer: Pair, subject: Pair, nats: object): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: 'test',
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const text = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { jti, ...claims },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString('base64url')}`;
}
