import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isCapacityError, timestamp } from '@capplan/contracts';
import {
  createMemoryLog,
  exitCodes,
  type MemoryLog,
  openContext,
  type PrivateServer,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { createNatsTransport } from '@capplan/worker-sdk';
import { nkeys } from '@nats-io/transport-node';
import { expect } from 'chai';
import { credentialsOf, makeNatsOperator } from './server-access/nats-operator.ts';

const run = promisify(execFile);
const password = 'w@rd/with#every%thing,in it';
const command = ['--import', 'tsx', '--conditions', 'source', 'services/queueing/src/main.ts'];

describe('servers that ask who comes', function () {
  this.timeout(240_000);
  let folder: string;
  let redis: PrivateServer;
  let nats: PrivateServer | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    redis = await startPrivateRedis({
      dataDir: join(folder, 'redis'),
      settings: [`user ada on ">${password}" ~* &* +@all`, 'user eva on >eva ~* &* +ping', 'user default off'],
    });
  });
  afterEach(async () => {
    await nats?.stop();
    nats = undefined;
  });
  after(async () => {
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const serve = async (settings: string[]): Promise<PrivateServer> => {
    nats = await startPrivateNats({ dataDir: join(folder, `nats-${Math.random()}`), settings });
    return nats;
  };
  const withUser = (url: string, userInfo: string) => url.replace('//', `//${userInfo}@`);
  const redisUrl = () => withUser(redis.url, `ada:${encodeURIComponent(password)}`);

  /** What a service finds at these servers: everything, or the error of its start. */
  const outcomeOf = async (
    natsUrl: string,
    access: NonNullable<Parameters<typeof openContext>[0]['nats']>,
    { log = createMemoryLog(), redisAt = redisUrl() }: { log?: MemoryLog; redisAt?: string } = {},
  ): Promise<string> => {
    try {
      const context = await openContext({
        name: 'queueing',
        natsUrl,
        nats: access,
        redisUrl: redisAt,
        log,
        connectTimeoutMs: 60_000,
      });
      const { ready } = context.health.report();
      await context.close();
      return ready ? 'works' : JSON.stringify(context.health.report());
    } catch (error) {
      // What is waited out in vain is `unavailable`; a wrong password is another matter.
      if (!isCapacityError(error, 'invalid_input')) throw error;
      return error.message;
    }
  };

  it('lets a user and password in, from the settings and from the URL', async () => {
    const { url } = await serve([
      'accounts { APP { jetstream: enabled, users: [',
      `  { user: ada, password: ${JSON.stringify(password)} }`,
      '  { user: bob, password: bob, permissions: { publish: "capacity.>" } }',
      '] }, BARE { users: [ { user: eva, password: eva } ] } }',
    ]);
    expect(await outcomeOf(url, { natsUser: 'ada', natsPassword: password })).to.equal('works');
    expect(await outcomeOf(withUser(url, `ada:${encodeURIComponent(password)}`), {})).to.equal('works');
    expect(await outcomeOf(`${withUser(url, 'ada:w@rd/with#every%25thing,in it')},${url}`, {})).to.equal('works');

    const log = createMemoryLog();
    const wrong = await outcomeOf(withUser(url, 'ada:wr@ng'), {}, { log });
    const at = `NATS at ${withUser(url, '***')}`;
    expect(wrong).to.equal(
      `${at}: the server refuses the user and password in NATS_URL (Authorization Violation); give those of a user that the server knows`,
    );
    expect(await outcomeOf(url, {}))
      .to.include('lets nobody in unnamed')
      .and.include('set NATS_USER and NATS_PASSWORD');
    expect(JSON.stringify(log.lines())).not.to.include('ng@');
    // A user that is let in and may do too little is told so.
    expect(await outcomeOf(url, { natsUser: 'eva', natsPassword: 'eva' })).to.include('may not use JetStream');
    expect(await outcomeOf(url, { natsUser: 'bob', natsPassword: 'bob' })).to.include('lacks a right');
  });

  it('lets a token in', async () => {
    const { url } = await serve(['authorization { token: "t@ken" }']);
    expect(await outcomeOf(url, { natsToken: 't@ken' })).to.equal('works');
    expect(await outcomeOf(withUser(url, 't%40ken'), {})).to.equal('works');
    expect(await outcomeOf(url, { natsToken: 'other' })).to.include('the server refuses NATS_TOKEN');
  });

  it('lets a key in', async () => {
    const user = nkeys.createUser();
    const seedOf = (pair: typeof user) => new TextDecoder().decode(pair.getSeed());
    const { url } = await serve([`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`]);
    expect(await outcomeOf(url, { natsNkeySeed: seedOf(user) })).to.equal('works');
    expect(await outcomeOf(url, { natsNkeySeed: seedOf(nkeys.createUser()) })).to.include('refuses NATS_NKEY_SEED');
  });

  it('lets a credentials file in, and what replaces it', async () => {
    const operator = makeNatsOperator();
    const { url } = await serve(operator.settings);
    const natsCredsFile = join(folder, 'user.creds');
    await writeFile(natsCredsFile, operator.credentials);
    expect(await outcomeOf(url, { natsCredsFile })).to.equal('works');
    await writeFile(natsCredsFile, makeNatsOperator().credentials);
    expect(await outcomeOf(url, { natsCredsFile })).to.include('refuses NATS_CREDS_FILE');
    await writeFile(natsCredsFile, credentialsOf('no token', 'no seed'));
    expect(await outcomeOf(url, { natsCredsFile })).to.include("does not hold a user's token and seed");
  });

  it('talks TLS, shows its certificate, and trusts nobody else', async () => {
    const file = (name: string) => join(folder, name);
    const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
    const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '1'];
    for (const name of ['ca', 'other']) {
      const names = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`];
      await openssl('req', '-x509', ...made, ...names);
    }
    await writeFile(file('names.txt'), 'subjectAltName=DNS:localhost');
    await openssl('req', ...made, '-keyout', 'own.key', '-out', 'own.csr', '-subj', '/CN=own');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'names.txt'];
    await openssl('x509', '-req', '-in', 'own.csr', '-out', 'own.pem', ...signed);
    const files = `cert_file: "${file('own.pem')}", key_file: "${file('own.key')}", ca_file: "${file('ca.pem')}"`;
    const { port } = await serve([`tls { ${files}, verify: true }`]);
    const url = `tls://localhost:${port}`;
    const client = { natsCert: file('own.pem'), natsKey: file('own.key') };
    expect(await outcomeOf(url, { natsCa: file('ca.pem'), ...client })).to.equal('works');
    expect(await outcomeOf(url, { natsCa: file('other.pem'), ...client })).to.include('no trusted TLS connection');
    expect(await outcomeOf(url, client))
      .to.include('no trusted TLS connection')
      .and.include('NATS_CA_FILE');
    await nats?.stop();
    const { url: open } = await serve([]);
    expect(await outcomeOf(open.replace('nats:', 'tls:'), {})).to.include('the server offers no TLS');
  });

  it('goes on after a refusal in the middle of its life, once it is let in again', async () => {
    const user = (word: string) => [`authorization { users: [ { user: ada, password: ${word} } ] }`];
    const server = await serve(user('first'));
    const { url, port } = server;
    const dataDir = join(folder, 'nats-again');
    const context = await openContext({
      name: 'queueing',
      natsUrl: url,
      nats: { natsUser: 'ada', natsPassword: 'first' },
      redisUrl: redisUrl(),
      log: createMemoryLog(),
    });
    const until = async (isReady: boolean) => {
      for (let i = 0; context.health.report().checks.nats?.ready !== isReady; i++) {
        if (i > 600) throw new Error(`not ${isReady ? 'ready' : 'away'} in time`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await server.stop();
    const strict = await startPrivateNats({ dataDir, port, settings: user('second') });
    await until(false);
    // Long enough for several refusals.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await strict.stop();
    nats = await startPrivateNats({ dataDir, port, settings: user('first') });
    await until(true);
    await context.close();
  });

  it('lets a worker in by the same settings', async () => {
    const { url } = await serve(['authorization { token: token }']);
    const context = await openContext({
      name: 'queueing',
      natsUrl: url,
      nats: { natsToken: 'token' },
      redisUrl: redisUrl(),
      log: createMemoryLog(),
    });
    const transport = await createNatsTransport({ url, name: 'worker-1', access: { natsToken: 'token' } });
    await transport.send('heartbeat', {
      key: 'shop/jobs',
      cause: '1',
      data: { worker: 'worker-1', state: 'ready', concurrency: 1, busy: 0, time: timestamp(Date.now()) } as never,
    });
    await transport.close();
    await context.close();
    const refused = await createNatsTransport({ url, name: 'worker-2' }).catch((error: unknown) => error);
    expect(isCapacityError(refused, 'invalid_input')).to.equal(true);
  });

  it('says in one sentence who Redis does not let in', async () => {
    const { url } = await serve([]);
    const said = (redisAt: string) => outcomeOf(url, {}, { redisAt });
    const remedy = 'give a user that may write there in its URL';
    expect(await said(withUser(redis.url, 'ada:wr@ng')))
      .to.include(`Redis at ${withUser(redis.url, '***')} does not let this client in`)
      .and.include(remedy);
    expect(await said(redis.url))
      .to.include('NOAUTH')
      .and.include(remedy);
    expect(await said(withUser(redis.url, 'eva:eva')))
      .to.include('NOPERM')
      .and.include(remedy);
    expect(await said(`redis+sentinel://127.0.0.1:${redis.port}/main`)).to.include('a Redis sentinel is not supported');
    expect(await said(`redis://127.0.0.1:${redis.port},127.0.0.2:${redis.port}`)).to.include('several hosts');
  });

  it('ends a process at once with a sentence, and never with a part of a password', async () => {
    const { url } = await serve([`authorization { users: [ { user: ada, password: ${JSON.stringify(password)} } ] }`]);
    const secret = join(folder, 'nats-password');
    const endOf = async (env: Record<string, string>) => {
      try {
        await run(process.execPath, command, { env: { ...process.env, ...env }, timeout: 100_000 });
        throw new Error('it goes on');
      } catch (error) {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, said: `${stdout}${stderr}` };
      }
    };
    await writeFile(secret, 'wr@ng/Sesame\n');
    const wrong = await endOf({
      NATS_URL: url,
      NATS_USER: 'ada',
      NATS_PASSWORD_FILE: secret,
      REDIS_URL: redisUrl(),
    });
    expect(wrong.code).to.equal(exitCodes.badConfig);
    expect(wrong.said.trim().split('\n')).to.have.length(1);
    expect(wrong.said).to.include('the server refuses NATS_USER and NATS_PASSWORD').and.not.include('Sesame');
    const atRedis = await endOf({
      NATS_URL: withUser(url, `ada:${encodeURIComponent(password)}`),
      REDIS_URL: withUser(redis.url, 'ada:wr@ng/Sesame#1'),
    });
    expect(atRedis.code).to.equal(exitCodes.badConfig);
    expect(atRedis.said)
      .to.include('does not let this client in')
      .and.not.match(/Sesame|thing/);
  });
});
