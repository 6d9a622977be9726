import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDefinition, openJetStreamAuditLog } from '@capplan/audit-service';
import { describeAuditLogConformance } from '@capplan/audit-service/conformance';
import { isCapacityError, type RequestData, streams } from '@capplan/contracts';
import {
  type PrivateServer,
  type RunningService,
  startPrivateNats,
  startPrivateRedis,
  startService,
} from '@capplan/runtime';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';

const retentionMs = 90 * 86_400_000;

describe('the audit log on JetStream', () => {
  let folder: string;
  let nats: PrivateServer;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: folder });
  });
  after(async () => {
    await nats?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async () => {
    const [mine, theirs] = [await connect({ servers: nats.url }), await connect({ servers: nats.url })];
    const manager = await jetstreamManager(mine);
    await manager.streams.delete(streams.audit.name).catch(() => undefined);
    const log = await openJetStreamAuditLog(mine, { retentionMs });
    const other = await openJetStreamAuditLog(theirs, { retentionMs });
    const close = async () => {
      await mine.close();
      await theirs.close();
    };
    return { log, other, manager, close };
  };

  describeAuditLogConformance('openJetStreamAuditLog', open);

  it('keeps what it has for 90 days, and lets nobody delete a line', async () => {
    const { manager, close } = await open();
    const { config } = await manager.streams.info(streams.audit.name);
    expect(config.max_age).to.equal(retentionMs * 1e6);
    expect(config.deny_delete).to.equal(true);
    let refused = '';
    await manager.streams.deleteMessage(streams.audit.name, 1).catch((error) => {
      refused = String(error);
    });
    expect(refused).to.not.equal('');
    await close();
  });

  it('says that it is unavailable when the server is gone', async () => {
    const { log, close } = await open();
    await close();
    let code = '';
    await log.bounds().catch((error) => {
      code = error.code;
    });
    expect(code).to.equal('unavailable');
  });
});

describe('audit replicas on one log', function () {
  this.timeout(60_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  const running: RunningService[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
  });
  after(async () => {
    for (const service of running) await service.stop();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (keyFile: string): Promise<RunningService> => {
    const env = {
      NATS_URL: nats.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'silent',
      AUDIT_KEY_FILE: join(folder, keyFile),
    };
    const service = await startService(auditDefinition, env, { probes: false });
    running.push(service);
    return service;
  };
  const ask = <N extends 'audit.append' | 'audit.verify'>(service: RunningService, name: N, data: RequestData<N>) =>
    service.context.bus.request(name, data, { key: '_/audit', actor: { id: 'ada', kind: 'user' } });
  const append = (service: RunningService, id: string) =>
    ask(service, 'audit.append', {
      id,
      actor: 'ada',
      action: 'test',
      target: 'shop/jobs',
      outcome: 'allowed',
      time: '2026-03-01T12:00:00.000Z',
      detail: {},
    });

  it('go on with one set of keys; one with a file of its own does not start, and says what to do', async () => {
    const first = await start('keys.json');
    await append(first, 'one');
    const stranger = await start('own-keys.json').catch((error: unknown) => error);
    if (!isCapacityError(stranger, 'invalid_input')) throw stranger;
    expect(stranger.message).to.include('other keys').and.include('AUDIT_KEY_FILE');
    const second = await start('keys.json');
    await append(second, 'two');
    expect(await ask(first, 'audit.verify', {})).to.deep.equal({ intact: true, records: 2, first_broken: null });
  });
});
