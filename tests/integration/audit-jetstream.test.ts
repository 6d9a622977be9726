import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJetStreamAuditLog } from '@capplan/audit-service';
import { describeAuditLogConformance } from '@capplan/audit-service/conformance';
import { streams } from '@capplan/contracts';
import { type PrivateServer, startPrivateNats } from '@capplan/runtime';
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
