import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateServer, startPrivateNats, startPrivateRedis } from '@capplan/runtime';
import {
  describeBusConformance,
  describeCacheConformance,
  describeLeasesConformance,
  describeRecordsConformance,
  describeRequestsConformance,
  openServerHarness,
} from '@capplan/runtime/conformance';

describe('the runtime on real servers', () => {
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
  });
  after(async () => {
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const open = () => openServerHarness({ nats, redis });

  describeBusConformance('on NATS', open);
  describeRequestsConformance('on NATS', open);
  describeRecordsConformance('on NATS', open);
  describeCacheConformance('on Redis', open);
  describeLeasesConformance('on Redis', open);
});
