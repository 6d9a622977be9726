import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrMakeAuditKeys } from '@capplan/audit-service';
import { makeFileOnce, type PrivateServer, startPrivateNats, startPrivateRedis } from '@capplan/runtime';
import { expect } from 'chai';
import { makeSmallDisk, type SmallDisk } from './small-disk.ts';
import { type StackInTrouble, startStackInTrouble } from './stack-in-trouble.ts';

describe('a disk that is full', function () {
  this.timeout(240_000);
  let folder: string;
  let disk: SmallDisk | undefined;
  let nats: PrivateServer | undefined;
  let redis: PrivateServer | undefined;
  let stack: StackInTrouble | undefined;

  beforeEach(async function () {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    disk = await makeSmallDisk(24);
    if (!disk) this.skip();
  });
  afterEach(async () => {
    await stack?.close();
    await Promise.all([nats?.kill(), redis?.kill()]);
    await disk?.close();
    await rm(folder, { recursive: true, force: true });
    stack = nats = redis = disk = undefined;
  });

  /** Writes until one is refused; hands over what was accepted. Then everybody says no, and why. */
  const untilRefused = async (check: 'nats' | 'redis', reason: RegExp): Promise<string[]> => {
    const own = stack as StackInTrouble;
    const accepted: string[] = [];
    const { status } = await own.until(
      'everybody down with the reason',
      async () => {
        const id = `before-${accepted.length}`;
        if ((await own.postPolicy(id)).status === 201) accepted.push(id);
        return own.health();
      },
      ({ whole }) => whole.status === 'down' && reason.test(whole.checks[check]?.detail ?? ''),
      60_000,
    );
    expect(status).to.equal(503);
    const ready = await own.get('/ready');
    expect([ready.status, ready.retryAfter]).to.deep.equal([503, '2']);
    expect(JSON.stringify(ready.body)).to.match(reason);
    const refused = await own.postPolicy('while-full');
    expect([refused.status, refused.retryAfter]).to.deep.equal([503, '2']);
    return accepted;
  };
  const expectAll = async (accepted: string[]) => {
    const own = stack as StackInTrouble;
    expect(await own.policies()).to.include.members(accepted);
    expect(await own.policies()).to.not.include('while-full');
    expect((await own.postPolicy('while-full')).status).to.equal(201);
  };

  it('under JetStream: writes are refused with the reason; with room and a new start of the server all goes on', async () => {
    const { folder: small, fill, free } = disk as SmallDisk;
    const store = `jetstream { store_dir: ${JSON.stringify(join(small, 'jetstream'))}, max_file_store: 100GB }`;
    const dataDir = join(folder, 'nats');
    nats = await startPrivateNats({ dataDir, settings: [store] });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    stack = await startStackInTrouble({ natsUrl: nats.url, redisUrl: redis.url });
    await stack.untilWell(60_000);
    await fill();
    const accepted = await untilRefused('nats', /JetStream/);
    await free();
    // A server whose disk is full turns JetStream off until it is started again.
    const { port } = nats;
    await nats.stop();
    nats = await startPrivateNats({ dataDir, port, settings: [store] });
    await stack.untilWell(60_000);
    await expectAll(accepted);
  });

  it('under Redis: writes are refused with the reason, and all goes on by itself when there is room', async () => {
    const { folder: small, fill, free } = disk as SmallDisk;
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(small, 'redis') });
    stack = await startStackInTrouble({ natsUrl: nats.url, redisUrl: redis.url });
    await stack.untilWell(60_000);
    await fill();
    const accepted = await untilRefused('redis', /takes no writes: MISCONF/);
    await free();
    await stack.untilWell(60_000);
    await expectAll(accepted);
    // What Redis had answered for is still there after another start.
    const { port } = redis;
    await redis.kill();
    redis = await startPrivateRedis({ dataDir: join(small, 'redis'), port });
    await stack.untilWell(60_000);
    expect((await stack.postPolicy('while-full')).status).to.equal(201);
  });

  it('under key files: no half a key stays behind, and one is made when there is room', async () => {
    const { folder: small, fill, free } = disk as SmallDisk;
    const [auditKeys, other] = [join(small, 'audit-keys.json'), join(small, 'key')];
    await fill();
    for (const make of [() => readOrMakeAuditKeys(auditKeys), () => makeFileOnce(other, 'some key')]) {
      expect(make).to.throw('ENOSPC');
    }
    expect(readdirSync(small)).to.deep.equal(['filler']);
    await free();
    expect(readOrMakeAuditKeys(auditKeys)).to.deep.equal(readOrMakeAuditKeys(auditKeys));
    expect([makeFileOnce(other, 'some key'), makeFileOnce(other, 'another')]).to.deep.equal([true, false]);
    expect(readFileSync(other, 'utf8')).to.equal('some key');
  });
});
