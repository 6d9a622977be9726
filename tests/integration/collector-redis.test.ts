import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedisDepths, createRedisHistory, createRedisWindowStore } from '@capplan/collector-service';
import {
  describeHistoryStoreConformance,
  describeQueueDepthsConformance,
  describeWindowStoreConformance,
  samplePoint,
} from '@capplan/collector-service/conformance';
import { isCapacityError } from '@capplan/contracts';
import { freePort, type PrivateServer, startPrivateRedis } from '@capplan/runtime';
import { Queue } from 'bullmq';
import { expect } from 'chai';
import { Redis } from 'ioredis';

describe('the collector on Redis', () => {
  let folder: string;
  let server: PrivateServer;
  let redis: Redis;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    server = await startPrivateRedis({ dataDir: folder, port: await freePort() });
    redis = new Redis(server.url, { maxRetriesPerRequest: 1 });
  });
  after(async () => {
    redis?.disconnect();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => redis.flushall());

  describeWindowStoreConformance('createRedisWindowStore', async () => createRedisWindowStore(redis));
  describeHistoryStoreConformance('createRedisHistory', async () => createRedisHistory(redis, { keepDays: 90 }));
  describeQueueDepthsConformance('createRedisDepths', async () => {
    const own = new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    return {
      depths: createRedisDepths(own),
      fill: async (name, jobs) => {
        for (let i = 0; i < jobs; i++) await redis.lpush(`bull:${name}:wait`, i);
      },
      breakDown: async () => own.disconnect(),
    };
  });

  it('sees the depth that BullMQ sees: waiting and prioritized jobs, and no delayed ones', async () => {
    const queue = new Queue('mail', { connection: { url: server.url } });
    try {
      for (let i = 0; i < 5; i++) await queue.add('job', {});
      await queue.add('job', {}, { priority: 2 });
      await queue.add('job', {}, { delay: 60_000 });
      const { jobs } = await createRedisDepths(redis).read({ kind: 'bullmq', name: 'mail' });
      expect(jobs).to.equal(6);
    } finally {
      await queue.close();
    }
  });

  it('reads lists, and what a stream has not yet given to its group', async () => {
    const depths = createRedisDepths(redis);
    await redis.rpush('todo', 'a', 'b');
    expect((await depths.read({ kind: 'redis_list', name: 'todo' })).jobs).to.equal(2);

    for (let i = 0; i < 5; i++) await redis.xadd('flow', '*', 'n', i);
    await redis.xgroup('CREATE', 'flow', 'workers', '0');
    await redis.xreadgroup('GROUP', 'workers', 'w1', 'COUNT', 2, 'STREAMS', 'flow', '>');
    expect((await depths.read({ kind: 'redis_stream', name: 'flow', group: 'workers' })).jobs).to.equal(3);
    const failure: unknown = await depths
      .read({ kind: 'redis_stream', name: 'flow', group: 'others' })
      .catch((error: unknown) => error);
    expect(isCapacityError(failure, 'not_found')).to.equal(true);
  });

  it('keeps history over a restart of the process, sealed hours small', async () => {
    for (let i = 1; i <= 500; i++) await createOrAppend(i);
    const reopened = createRedisHistory(redis, { keepDays: 90 });
    await reopened.append('shop/mail', samplePoint(501));
    const fromMs = Date.parse(samplePoint(1).timestamp);
    const toMs = Date.parse(samplePoint(501).timestamp);
    expect(await reopened.read('shop/mail', { fromMs, toMs, everySec: 15 })).to.have.length(501);
    const keys = await redis.keys('capplan:history:*:raw:*');
    expect(keys).to.have.length(2);
    for (const key of keys) {
      expect(await redis.strlen(key)).to.be.lessThan(240 * 12);
      expect(await redis.ttl(key)).to.be.greaterThan(89 * 86_400);
    }
  });
  const createOrAppend = (i: number) => createRedisHistory(redis, { keepDays: 90 }).append('shop/mail', samplePoint(i));
});
