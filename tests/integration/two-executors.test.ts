import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCapacityError } from '@capplan/contracts';
import { executorDefinition } from '@capplan/executor-service';
import {
  openContext,
  type PrivateServer,
  type RunningService,
  startPrivateNats,
  startPrivateRedis,
  startService,
} from '@capplan/runtime';
import { expect } from 'chai';

const commands = JSON.stringify({ '*': { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] } });

describe('two executors of one installation', function () {
  this.timeout(90_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  const running: RunningService[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
  });
  afterEach(async () => {
    for (const service of running.splice(0)) await service.stop();
  });
  after(async () => {
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (file: string, workerCommands: string): Promise<RunningService> => {
    const env = {
      NATS_URL: nats.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'silent',
      EXECUTOR_WORKER_COMMANDS: workerCommands,
      EXECUTOR_WORKER_STATE_FILE: join(folder, file, 'workers.json'),
    };
    const service = await startService(executorDefinition, env, { probes: false });
    running.push(service);
    return service;
  };

  it('do not both start local processes: the second one does not start, and says who has them', async () => {
    const first = await start('a', commands);
    const second = await start('b', commands).catch((error: unknown) => error);
    if (!isCapacityError(second, 'conflict')) throw second;
    expect(second.message)
      .to.include(join(folder, 'a', 'workers.json'))
      .and.include('EXECUTOR_WORKER_COMMANDS');
    await first.stop();
    await start('b', commands);
  });

  it('share the installation when neither starts processes, or one alone does', async () => {
    await start('a', '{}');
    await start('b', '{}');
    await start('c', commands);
  });

  it('hand local processes over when the claim of one that has crashed lapses', async () => {
    const context = await openContext({ name: 'helper', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'silent' });
    const crashed = new TextEncoder().encode('{"fleet":"gone","host":"other","file":"/data/workers.json"}');
    await context.cache.set('executor/local-processes', crashed, { ttlSec: 3 });
    await context.close();
    await start('d', commands);
  });
});
