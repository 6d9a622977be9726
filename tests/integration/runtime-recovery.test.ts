import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCapacityError } from '@capplan/contracts';
import {
  createMemoryLog,
  openContext,
  type PrivateServer,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { expect } from 'chai';
import Type from 'typebox';

const Note = Type.Object({ n: Type.Integer() });
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('the runtime when its servers are killed', function () {
  this.timeout(90_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  const open: ServerContext[] = [];

  const context = async (name: string): Promise<ServerContext> => {
    const made = await openContext({ name, natsUrl: nats.url, redisUrl: redis.url, log: createMemoryLog() });
    open.push(made);
    return made;
  };
  const until = async (awaited: string, condition: () => boolean, limitMs = 40_000): Promise<void> => {
    const endMs = performance.now() + limitMs;
    while (!condition()) {
      if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${awaited}`);
      await pause(20);
    }
  };
  const patiently = async <T>(attempt: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (tries >= 60 || !(isCapacityError(error) && error.retryable)) throw error;
        await pause(100);
      }
    }
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
  });
  after(async () => {
    await Promise.all(open.map((one) => one.close()));
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('loses no event, no change and no lease, and every consumer, view and responder goes on by itself', async () => {
    const writer = await context('writer');
    const reader = await context('reader');
    const consumed = new Set<number>();
    const relayed: number[] = [];
    const followed = new Map<string, number>();
    const watched = new Map<string, number>();
    const records = await reader.records<{ n: number }>('notes', Note);

    await reader.bus.consume('slo.breached', { durable: 'reader', ackWaitMs: 2_000 }, async ({ envelope }) => {
      consumed.add(envelope.data.target_s);
    });
    await reader.bus.follow('slo.breached', ({ key, envelope }) => {
      followed.set(key, envelope.data.target_s);
    });
    await reader.bus.respond('pool.list', async () => ({ pools: [] }));
    await records.relay('outbox', async ({ value }) => {
      if (value) relayed.push(value.n);
    });
    await records.watch(({ key, value }) => {
      if (value) watched.set(key, value.n);
    });
    await writer.cache.set('kept', Uint8Array.of(1, 2, 3));
    const lease = await writer.leases.acquire('shop/checkout', { holder: 'writer', ttlMs: 600_000 });
    expect(lease).not.to.equal(undefined);

    let revision = await records.create('shop/a', { n: 0 });
    let published = 0;
    let written = 0;
    const publish = async (): Promise<void> => {
      const n = ++published;
      const data = {
        pool: 'shop/a',
        timestamp: '2026-01-01T00:00:00Z',
        target_s: n,
        observed_p95_s: 2,
        share_within: 0.5,
        error_budget_used: 1,
      };
      await patiently(() => writer.bus.publish({ type: 'slo.breached', key: `shop/p${n % 5}`, cause: `${n}`, data }));
    };
    const write = async (): Promise<void> => {
      written += 1;
      for (;;) {
        try {
          revision = await records.update('shop/a', { n: written }, revision);
          return;
        } catch (error) {
          // It may have been written all the same: what is there decides.
          if (!isCapacityError(error)) throw error;
          const present = await patiently(() => records.get('shop/a'));
          revision = present?.revision ?? 0;
          if (present?.value.n === written) return;
        }
      }
    };
    const stopAtMs = performance.now() + 6_000;
    const working = (async () => {
      while (performance.now() < stopAtMs) {
        await Promise.all([publish(), publish(), publish()]);
        await write();
        await pause(20);
      }
    })();

    for (let round = 0; round < 2; round++) {
      await pause(1_200);
      await nats.kill();
      await pause(300);
      nats = await startPrivateNats({ dataDir: join(folder, 'nats'), port: nats.port });
      await redis.kill();
      await pause(200);
      redis = await startPrivateRedis({ dataDir: join(folder, 'redis'), port: redis.port });
    }
    await working;

    await until(`all ${published} events`, () => consumed.size === published);
    await until(`change ${written} relayed`, () => relayed.at(-1) === written);
    // A killed server may go back by the last few acknowledgements, and never skips forward.
    expect([...new Set(relayed)]).to.deep.equal(Array.from({ length: written + 1 }, (_, i) => i));
    for (const [i, n] of relayed.entries()) expect(n).to.be.at.most((relayed[i - 1] ?? -1) + 1);
    await until('the newest of every key followed', () => Math.max(...followed.values()) === published);
    await until('the newest record watched', () => watched.get('shop/a') === written);
    const reply = await patiently(() =>
      writer.bus.request('pool.list', {}, { key: '_/pools', actor: { id: 'tester', kind: 'user' } }),
    );
    expect(reply).to.deep.equal({ pools: [] });
    expect([...((await patiently(() => writer.cache.get('kept'))) ?? [])]).to.deep.equal([1, 2, 3]);
    if (lease) {
      expect(await patiently(() => writer.leases.renew(lease, 600_000))).to.equal(true);
      expect(await patiently(() => reader.leases.isCurrent(lease))).to.equal(true);
    }
    expect(await patiently(() => reader.leases.acquire('shop/checkout', { holder: 'other', ttlMs: 1_000 }))).to.equal(
      undefined,
    );
    expect(writer.health.report().ready).to.equal(true);
  });

  it('says that it is not ready, and fails in bounded time, while a server is away', async () => {
    const lonely = await openContext({
      name: 'lonely',
      natsUrl: nats.url,
      redisUrl: redis.url,
      log: createMemoryLog(),
      publishTimeoutMs: 500,
    });
    open.push(lonely);
    await nats.kill();
    await redis.kill();
    await until('not ready', () => !lonely.health.report().ready, 5_000);
    const data = {
      pool: 'shop/a',
      period: 'hour' as const,
      kind: 'soft' as const,
      budget: 1,
      projected: 2,
      timestamp: '2026-01-01T00:00:00Z',
    };
    const outcomes = await Promise.all(
      [
        lonely.bus.publish({ type: 'budget.alert', key: 'shop/a', cause: '1', data }),
        lonely.cache.get('kept'),
        lonely.leases.acquire('x', { holder: 'x', ttlMs: 1_000 }),
      ].map((promise) => promise.catch((error: unknown) => error)),
    );
    for (const outcome of outcomes) expect(isCapacityError(outcome, 'unavailable'), String(outcome)).to.equal(true);
    nats = await startPrivateNats({ dataDir: join(folder, 'nats'), port: nats.port });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis'), port: redis.port });
    await until('ready again', () => lonely.health.report().ready, 15_000);
    expect(
      await patiently(() => lonely.bus.publish({ type: 'budget.alert', key: 'shop/a', cause: '1', data })),
    ).to.have.property('duplicate');
  });

  it('stops a process on SIGTERM with what is under way finished, and exit code 0', async () => {
    const fixture = fileURLToPath(new URL('../../libs/runtime/src/process/run-service.fixture.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions', 'source', fixture], {
      env: { ...process.env, NATS_URL: nats.url, REDIS_URL: redis.url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString('utf8');
    });
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await until('the process to start', () => said.includes('has started'));
    child.kill('SIGTERM');
    expect(await exit).to.equal(0);
  });

  it('ends a server that a killed parent left behind, at the next start on the same folder', async () => {
    const dataDir = join(folder, 'left-behind');
    const first = await startPrivateNats({ dataDir });
    const second = await startPrivateNats({ dataDir, port: first.port });
    await first.ended;
    expect(second.pid).not.to.equal(first.pid);
    await second.stop();
    const redisDir = join(folder, 'left-behind-redis');
    const third = await startPrivateRedis({ dataDir: redisDir });
    const fourth = await startPrivateRedis({ dataDir: redisDir, port: third.port });
    await third.ended;
    await fourth.stop();
  });

  it('relays every write that was made before a kill, and only then drops older revisions', async () => {
    const writer = await context('writer');
    const records = await writer.records<{ n: number }>('outboxes', Note);
    const before: number[] = [];
    const dying = await context('relay');
    const first = await dying.records<{ n: number }>('outboxes', Note);
    await first.relay('outbox', async ({ value }) => {
      if (value && value.n > 3) return new Promise(() => {});
      before.push(value?.n ?? 0);
    });
    let revision = await records.create('shop/a', { n: 1 });
    for (let n = 2; n <= 20; n++) revision = await records.update('shop/a', { n }, revision);
    await until('the first three', () => before.length === 3);
    await dying.nats.connection.close();
    await nats.kill();
    nats = await startPrivateNats({ dataDir: join(folder, 'nats'), port: nats.port });

    const after: number[] = [];
    const heir = await context('relay');
    const second = await heir.records<{ n: number }>('outboxes', Note);
    await second.relay('outbox', async ({ value }) => {
      after.push(value?.n ?? 0);
    });
    await until('all that was written', () => after.at(-1) === 20, 60_000);
    const missing = Array.from({ length: 20 }, (_, i) => i + 1).filter(
      (n) => !before.includes(n) && !after.includes(n),
    );
    expect(missing).to.deep.equal([]);
    await patiently(() => records.update('shop/a', { n: 21 }, revision));
    await until('the newest', () => after.at(-1) === 21);
    const subject = '$KV.outboxes.*.*';
    let kept = Number.POSITIVE_INFINITY;
    for (let tries = 0; kept > 3 && tries < 40; tries++) {
      await pause(250);
      const { state } = await heir.nats.manager.streams.info('KV_outboxes', { subjects_filter: subject });
      kept = Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
    }
    expect(kept).to.be.at.most(3);
  });
});
