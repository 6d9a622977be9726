import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type PrivateServer, startPrivateRedis } from '@capplan/runtime';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type StackInTrouble, startStackInTrouble } from './stack-in-trouble.ts';

describe('a JetStream that is full', function () {
  this.timeout(90_000);
  let folder: string;
  let nats: ChildProcess;
  let redis: PrivateServer;
  let stack: StackInTrouble;
  let operator: NatsConnection;
  let manager: JetStreamManager;
  let publisher: JetStreamClient;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-full-'));
    const port = await freePort();
    const configFile = join(folder, 'nats.conf');
    const store = `jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))}, max_file_store: 60MB }`;
    await writeFile(configFile, `host: 127.0.0.1\nport: ${port}\n${store}\n`);
    nats = spawn('nats-server', ['--config', configFile], { stdio: 'ignore' });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    const natsUrl = `nats://127.0.0.1:${port}`;
    for (let tries = 0; operator === undefined; tries++) {
      try {
        operator = await connect({ servers: natsUrl });
      } catch (error) {
        if (tries === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    manager = await jetstreamManager(operator);
    publisher = jetstream(operator);
    // An operator may make the streams beforehand, as small as the server needs them.
    const made = {
      EVENTS: ['access', 'plan', 'rollout', 'budget', 'slo', 'history'],
      RECORDS: ['policy', 'pool'],
      SIGNALS: ['load', 'forecast', 'capacity'],
    };
    for (const [name, contexts] of Object.entries(made)) {
      const subjects = contexts.map((context) => `capacity.evt.${context}.>`);
      await manager.streams.add({ name: `CAPACITY_${name}`, subjects, max_bytes: 2 ** 20, allow_direct: true });
    }
    for (const name of ['ingest', 'dead', 'audit']) {
      const subjects = [`capacity.${name}.>`];
      await manager.streams.add({
        name: `CAPACITY_${name.toUpperCase()}`,
        subjects,
        max_bytes: 2 ** 20,
        allow_direct: true,
      });
    }
    await manager.streams.add({ name: 'FILLER', subjects: ['filler'] });
    stack = await startStackInTrouble({ natsUrl, redisUrl: redis.url });
    await stack.untilWell();
  });
  after(async () => {
    await stack?.close();
    await operator?.close();
    nats?.kill('SIGKILL');
    await redis?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('is seen by everybody with its reason; writes are refused, and done when there is room again', async () => {
    const half = Buffer.alloc(500_000);
    const isFull = () =>
      publisher.publish('filler', half).then(
        () => false,
        () => true,
      );
    await stack.until('a full server', isFull, (full) => full);
    const { status } = await stack.until(
      'everybody down with the reason',
      stack.health,
      ({ whole }) =>
        whole.services.planner?.state === 'not_ready' && /does not store/.test(whole.checks.nats?.detail ?? ''),
    );
    expect(status).to.equal(503);
    expect((await stack.get('/ready')).status).to.equal(503);
    const refused = await stack.postPolicy('while-full');
    expect([refused.status, refused.retryAfter]).to.deep.equal([503, '2']);
    expect(await stack.policies()).not.to.include('while-full');
    await manager.streams.purge('FILLER');
    await stack.untilWell();
    expect((await stack.postPolicy('while-full')).status).to.equal(201);
  });
});
