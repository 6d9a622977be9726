import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemKey } from '@capplan/contracts';
import {
  createMemoryBackend,
  createSystemClock,
  type LogLevel,
  type MemoryBackend,
  type OpenContext,
} from '@capplan/runtime';
import { type Stack, startStack } from '@capplan/stack';
import { expect } from 'chai';
import { type Attack, openAttack, openGoodPool } from './attack.ts';

const { FUZZ_REQUESTS, FUZZ_SEED, FUZZ_LOG_LEVEL } = process.env;
const requests = Number(FUZZ_REQUESTS ?? 20_000);
const seed = Number(FUZZ_SEED ?? 1);
const half = Math.ceil(requests / 2);

/** What a process may keep of so many requests and messages: caches that fill up to their bound, not what was sent. */
const growthBytesMax = 48 * 2 ** 20;

describe(`a system under ${requests} hostile requests and ${requests} hostile messages, seed ${seed}`, function () {
  this.timeout(Math.max(300_000, 30 * requests));
  let folder: string;
  let backend: MemoryBackend;
  let stack: Stack;
  let helper: OpenContext;
  let attack: Attack;
  let good: Awaited<ReturnType<typeof openGoodPool>>;
  /** What the streams of the in-memory backend hold: it keeps what a server would keep on its disk. */
  let storedBytes = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    backend = createMemoryBackend({ clock: createSystemClock() });
    stack = await startStack({
      servers: { kind: 'memory', backend, notice: '', stop: async () => {} },
      dataDir: folder,
      logLevel: (FUZZ_LOG_LEVEL ?? 'silent') as LogLevel,
      env: {
        GATEWAY_REQUESTS_PER_MINUTE: '100000000',
        COLLECTOR_INTERVAL_S: '2',
        COLLECTOR_GRACE_S: '0.2',
        SIMULATOR_THREADS: '1',
        SIMULATOR_QUEUE_MAX: '4',
      },
    });
    helper = await stack.open('fuzz');
    good = await openGoodPool(stack, helper);
    attack = await openAttack({
      stack,
      helper,
      seed,
      send: async ({ plane, subject, id, text, type, key }) => {
        if (plane === 'request') return;
        storedBytes += text.length;
        backend.inject({ subject, id, text }, type, key);
        // The real bus takes its time as well: without it, the queue of the process would grow without end.
        if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
      },
    });
  });
  after(async () => {
    attack?.close();
    await good?.stop();
    await stack?.stop();
    await helper?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends no process, answers every request without a 500, and every error with a problem', async () => {
    await attack.run({ requests: half, messages: half });
    expect(attack.findings()).to.deep.equal([]);
  });

  it('measures and plans for a good pool all the while', async () => {
    expect((await good.untilPlanned()).plan).to.equal(200);
  });

  it('keeps no more memory for more of it', async () => {
    await settle();
    const auditedBefore = (await auditPage(1)).total;
    const [heapBefore, storedBefore] = [heapBytes(), storedBytes];
    await attack.run({ requests: requests - half, messages: requests - half });
    expect(attack.findings()).to.deep.equal([]);
    await settle();
    const grown = heapBytes() - heapBefore;
    // Text of one byte a character, kept in the streams and the audit log of the in-memory backend, and what lies around it.
    const stored = storedBytes - storedBefore + (await auditedBytes(auditedBefore + 1));
    expect(grown - 3 * stored).to.be.below(growthBytesMax);
  });

  it('has been met at every endpoint and on every subject, and still answers', async () => {
    const { endpoints, subjects } = attack.met();
    expect([...endpoints].sort()).to.deep.equal([...new Set(attack.targets.endpoints)].sort());
    expect([...subjects].sort()).to.deep.equal([...new Set(attack.targets.subjects)].sort());
    const wanted = requests >= 20_000 ? ['200', '201', '400', '401', '403', '404', '409', '422'] : ['200', '400'];
    expect(Object.keys(attack.statuses())).to.include.members(wanted);
    expect((await good.untilPlanned()).plan).to.equal(200);
  });

  function auditPage(from: number) {
    const actor = { id: 'ada', kind: 'user', roles: ['admin'] } as { id: string; kind: 'user'; roles: string[] };
    const question = { from_sequence: from, limit: 1000 };
    return helper.bus.request('audit.list', question, { key: systemKey('fuzz'), actor, timeoutMs: 30_000 });
  }

  /** Characters of the audit records from one sequence on; a server would have them on its disk. */
  async function auditedBytes(from: number): Promise<number> {
    const { total } = await auditPage(1);
    let bytes = 0;
    for (let next = from; next <= total; ) {
      const { records } = await auditPage(next);
      bytes += JSON.stringify(records).length;
      next = (records.at(-1)?.sequence ?? total) + 1;
    }
    return bytes;
  }

  async function settle(): Promise<void> {
    for (let i = 0; i < 100 && backend.pending() > 0; i++) await helper.clock.sleep(100);
  }
});

let draws = 0;
function random(): number {
  draws += 1;
  return (draws % 10) / 10;
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
