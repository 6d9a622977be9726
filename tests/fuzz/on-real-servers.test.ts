import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandomStream } from '@capplan/random';
import {
  type OpenContext,
  type PrivateServer,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { type Stack, startStack } from '@capplan/stack';
import { headers } from '@nats-io/transport-node';
import { expect } from 'chai';
import { type Attack, openAttack, openGoodPool } from './attack.ts';
import { hostileText, oneOf } from './hostile-values.ts';

const { FUZZ_SEED, FUZZ_LOG_LEVEL } = process.env;
const seed = Number(FUZZ_SEED ?? 1);
const count = 1_500;

/* What the in-memory backend cannot show: bytes that are no text, foreign headers and reply subjects, real serialisers. */

describe(`a system on NATS and Redis under ${count} hostile requests and ${count} hostile messages, seed ${seed}`, function () {
  this.timeout(300_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  let stack: Stack;
  let helper: ServerContext;
  let attack: Attack;
  let good: Awaited<ReturnType<typeof openGoodPool>>;
  const random = createRandomStream(seed).fork('wire');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    stack = await startStack({
      servers: { kind: 'servers', natsUrl: nats.url, redisUrl: redis.url, notice: undefined, stop: async () => {} },
      dataDir: folder,
      logLevel: (FUZZ_LOG_LEVEL ?? 'silent') as never,
      env: {
        GATEWAY_REQUESTS_PER_MINUTE: '100000000',
        COLLECTOR_INTERVAL_S: '2',
        COLLECTOR_GRACE_S: '0.2',
        SIMULATOR_THREADS: '1',
      },
    });
    const opened: OpenContext = await stack.open('fuzz');
    helper = opened as ServerContext;
    good = await openGoodPool(stack, helper);
    attack = await openAttack({
      stack,
      helper,
      seed,
      send: async ({ subject, id, text }) => {
        const extra = headers();
        if (random.next() < 0.5) extra.set('Nats-Msg-Id', id);
        if (random.next() < 0.2) extra.append('traceparent', oneOf(random, ['', '00', '00-0-0-0', 'x'.repeat(5_000)]));
        const payload = random.next() < 0.05 ? randomBytes() : Buffer.from(text);
        const twisted = random.next() < 0.05 ? `${subject}.${oneOf(random, ['x', '=', '$', '__proto__'])}` : subject;
        const reply = random.next() < 0.2 ? { reply: oneOf(random, ['fuzz.nobody', subject, 'capacity.evt.x']) } : {};
        helper.nats.connection.publish(twisted, payload, { headers: extra, ...reply });
        if (random.next() < 0.05) await helper.nats.connection.flush();
      },
    });
  });
  after(async () => {
    attack?.close();
    await good?.stop();
    await stack?.stop();
    await helper?.close();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends no process, answers every request without a 500, and goes on with a good pool', async () => {
    await attack.run({ requests: count, messages: count });
    expect(attack.findings()).to.deep.equal([]);
    expect((await good.untilPlanned()).plan).to.equal(200);
  });

  function randomBytes(): Buffer {
    return random.next() < 0.5
      ? Buffer.from(Array.from({ length: random.integer(500) }, () => random.integer(256)))
      : Buffer.from(hostileText(random));
  }
});
