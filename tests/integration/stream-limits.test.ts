import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDefinition } from '@capplan/audit-service';
import { openContext, type PrivateServer, startPrivateNats, startPrivateRedis, startService } from '@capplan/runtime';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { expect } from 'chai';

const gibibyte = 2 ** 30;

describe('the streams of decisions', function () {
  this.timeout(60_000);
  let folder: string;
  let redis: PrivateServer;
  let nats: PrivateServer;
  let operator: NatsConnection;
  let manager: JetStreamManager;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
  });
  after(async () => {
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const begin = async (name: string, settings: string[] = []) => {
    nats = await startPrivateNats({ dataDir: join(folder, name), settings });
    operator = await connect({ servers: nats.url });
    manager = await jetstreamManager(operator);
  };
  afterEach(async () => {
    await operator?.close();
    await nats?.stop();
  });
  const configOf = async (stream: string) => (await manager.streams.info(stream)).config;
  const openOnce = async () => {
    const context = await openContext({ name: 'reader', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'silent' });
    await context.close();
  };

  it('are compressed where the server can, also those that were there before', async () => {
    await begin('compressed');
    const subjects = ['access', 'plan', 'rollout', 'budget', 'slo', 'history'].map((name) => `capacity.evt.${name}.>`);
    await manager.streams.add({ name: 'CAPACITY_EVENTS', subjects, max_bytes: gibibyte, max_msgs_per_subject: 1_000 });
    await manager.streams.add({ name: 'CAPACITY_AUDIT', subjects: ['capacity.audit.>'], deny_delete: true });
    const keys = join(folder, 'keys.json');
    const env = { NATS_URL: nats.url, REDIS_URL: redis.url, LOG_LEVEL: 'silent', AUDIT_KEY_FILE: keys };
    await (await startService(auditDefinition, env, { probes: false })).stop();
    const [major = 0, minor = 0] = (operator.info?.version ?? '').split('.').map(Number);
    const compression = major > 2 || minor >= 10 ? 's2' : undefined;
    const events = await configOf('CAPACITY_EVENTS');
    expect(events.compression).to.equal(compression);
    expect([events.max_bytes, events.max_msgs_per_subject]).to.deep.equal([gibibyte, 20_000]);
    expect((await configOf('CAPACITY_AUDIT')).compression).to.equal(compression);
  });

  it('leave room for the others on a small server', async () => {
    await begin('small', [`jetstream { max_file_store: 13GB, store_dir: ${JSON.stringify(join(folder, 'store'))} }`]);
    await openOnce();
    const sizes = await Promise.all(
      ['RECORDS', 'SIGNALS', 'INGEST', 'DEAD', 'EVENTS'].map(
        async (name) => (await configOf(`CAPACITY_${name}`)).max_bytes / gibibyte,
      ),
    );
    expect(sizes.slice(0, 4)).to.deep.equal([1, 8, 2, 1]);
    expect(sizes[4]).to.be.greaterThan(0).and.at.most(1);
    await openOnce();
  });
});
