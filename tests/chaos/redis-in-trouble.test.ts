import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateServer, startPrivateNats, startPrivateRedis } from '@capplan/runtime';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type SilentProxy, startSilentProxy } from './silent-proxy.ts';
import { type StackInTrouble, startStackInTrouble } from './stack-in-trouble.ts';

describe('Redis in trouble', function () {
  this.timeout(90_000);
  let folder: string;
  let nats: PrivateServer;
  let first: PrivateServer;
  let second: PrivateServer;
  let proxy: SilentProxy;
  let stack: StackInTrouble;
  const operators: Redis[] = [];

  const operator = (server: PrivateServer): Redis => {
    const redis = new Redis(server.url);
    operators.push(redis);
    return redis;
  };
  /** Everybody is down, with such a reason; writes with a key are refused, and not done. */
  const expectRefusal = async (reason: RegExp, id: string): Promise<void> => {
    const { status, whole } = await stack.until(
      `Redis ${reason}`,
      stack.health,
      ({ whole }) => whole.services.planner?.state === 'not_ready' && reason.test(whole.checks.redis?.detail ?? ''),
    );
    expect(status).to.equal(503);
    expect(whole.status).to.equal('down');
    const ready = await stack.get('/ready');
    expect([ready.status, ready.retryAfter]).to.deep.equal([503, '2']);
    const refused = await stack.postPolicy(id);
    expect([refused.status, refused.retryAfter, refused.body.code]).to.deep.equal([503, '2', 'unavailable']);
    expect(await stack.policies()).not.to.include(id);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-redis-'));
    [nats, first, second] = await Promise.all([
      startPrivateNats({ dataDir: join(folder, 'nats') }),
      startPrivateRedis({ dataDir: join(folder, 'first') }),
      startPrivateRedis({ dataDir: join(folder, 'second') }),
    ]);
    proxy = await startSilentProxy(first.port);
    stack = await startStackInTrouble({ natsUrl: nats.url, redisUrl: `redis://127.0.0.1:${proxy.port}` });
    await stack.untilWell();
  });
  after(async () => {
    await stack?.close();
    for (const redis of operators) redis.disconnect();
    await proxy?.close();
    await Promise.all([nats?.kill(), first?.kill(), second?.kill()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('silent, without a reset: everybody leaves it, says so, and comes back by itself', async () => {
    proxy.silence();
    await expectRefusal(/does not answer|timed out/i, 'while-silent');
    const metrics = await stack.get('/metrics/history?pool=shop/a&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z');
    expect([metrics.status, metrics.retryAfter]).to.deep.equal([503, '2']);
    proxy.heal();
    await stack.untilWell();
    expect((await stack.postPolicy('while-silent')).status).to.equal(201);
  });

  it('full: writes are refused with the reason, and done when there is room again', async () => {
    const redis = operator(first);
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.config('SET', 'maxmemory', '1mb');
    await expectRefusal(/takes no writes: OOM/, 'while-full');
    await redis.config('SET', 'maxmemory', '0');
    await stack.untilWell();
    expect((await stack.postPolicy('while-full')).status).to.equal(201);
  });

  it('failed over with connections kept: everybody leaves the read-only node for the new primary', async () => {
    const [old, promoted] = [operator(first), operator(second)];
    await promoted.replicaof('127.0.0.1', first.port);
    await stack.until(
      'a synchronous replica',
      () => promoted.info('replication'),
      (info) => info.includes('master_link_status:up'),
    );
    expect((await stack.postPolicy('before-failover')).status).to.equal(201);
    await promoted.replicaof('NO', 'ONE');
    await old.replicaof('127.0.0.1', second.port);
    proxy.leadTo(second.port);
    await stack.untilWell();
    // The first answer was kept for the key, and went over with the rest.
    expect((await stack.postPolicy('before-failover')).status).to.equal(201);
    await stack.until(
      'everybody at the new primary',
      async () => [await old.client('LIST'), await promoted.client('LIST')].map(String) as [string, string],
      ([left, reached]) => !left.includes('name=planner') && reached.includes('name=planner'),
    );
    await stack.untilWell();
  });
});
