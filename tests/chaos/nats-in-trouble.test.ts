import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateServer, startPrivateNats, startPrivateRedis } from '@capplan/runtime';
import { expect } from 'chai';
import { type SilentProxy, startSilentProxy } from './silent-proxy.ts';
import { type StackInTrouble, startStackInTrouble } from './stack-in-trouble.ts';

describe('NATS in trouble', function () {
  this.timeout(90_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  let proxy: SilentProxy;
  let stack: StackInTrouble;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-nats-'));
    [nats, redis] = await Promise.all([
      startPrivateNats({ dataDir: join(folder, 'nats') }),
      startPrivateRedis({ dataDir: join(folder, 'redis') }),
    ]);
    proxy = await startSilentProxy(nats.port);
    stack = await startStackInTrouble({ natsUrl: `nats://127.0.0.1:${proxy.port}`, redisUrl: redis.url });
    await stack.untilWell();
  });
  after(async () => {
    await stack?.close();
    await proxy?.close();
    await Promise.all([nats?.kill(), redis?.kill()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('silent, without a reset: the gateway says so, refuses, and everybody comes back by itself', async () => {
    proxy.silence();
    const { status } = await stack.until(
      'NATS found silent',
      stack.health,
      ({ whole }) => whole.status === 'down' && whole.checks.nats?.ready === false,
    );
    expect(status).to.equal(503);
    expect((await stack.get('/ready')).status).to.equal(503);
    const refused = await stack.postPolicy('while-silent');
    expect([refused.status, refused.retryAfter]).to.deep.equal([503, '2']);
    proxy.heal();
    await stack.untilWell(40_000);
    expect((await stack.postPolicy('while-silent')).status).to.equal(201);
  });
});
