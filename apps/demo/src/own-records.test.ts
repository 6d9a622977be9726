import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemKey } from '@capplan/contracts';
import { createMemoryBackend, createSystemClock, type OpenContext } from '@capplan/runtime';
import { type Stack, startStack } from '@capplan/stack';
import { expect } from 'chai';
import { declarePool, settlePolicy } from './begin-pool.ts';
import { demoPool, demoPoolId } from './demo-pool.ts';
import { type OwnRecords, openOwnRecords } from './own-records.ts';

const ada = { id: 'ada', kind: 'user' } as const;
const clock = createSystemClock();

describe('the records of the demo', function () {
  this.timeout(60_000);
  const demo = demoPool({ speed: 144, loadWorkers: 8, nowMs: Date.now() });
  const { policy, pool } = demo;
  let folder: string;
  let stack: Stack;
  let context: OpenContext;
  let sentences: string[];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'capplan-own-'));
    const backend = createMemoryBackend({ clock });
    const servers = { kind: 'memory', backend, notice: '', stop: async () => {} } as const;
    stack = await startStack({ servers, dataDir: folder, logLevel: 'silent' });
    context = await stack.open('demo');
  });
  after(async () => {
    await context?.close();
    await stack?.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    sentences = [];
  });

  /** As the next start opens them. */
  const open = (): Promise<OwnRecords> => openOwnRecords(join(folder, 'own-records.json'), context.bus);
  const declare = async () => declarePool({ records: await open(), demo, say: (sentence) => sentences.push(sentence) });
  const storedPolicy = () =>
    context.bus.request('policy.get', { id: policy.id }, { key: systemKey(policy.id), actor: ada });
  const storedPool = () => context.bus.request('pool.get', { id: demoPoolId }, { key: demoPoolId, actor: ada });
  const settle = async () =>
    settlePolicy({
      records: await open(),
      demo,
      clock: { ...clock, sleep: async () => {} },
      signal: new AbortController().signal,
    });

  it('are put where there are none, and put again by the next start over its own', async () => {
    await declare();
    expect((await storedPolicy()).scaling.min_workers).to.equal(8);
    await settle();
    expect((await storedPolicy()).scaling.min_workers).to.equal(1);
    await declare();
    expect((await storedPolicy()).scaling.min_workers).to.equal(8);
    expect(sentences).to.deep.equal([]);
  });

  it('give way to what a person has put, at once and at every later start, and it is said', async () => {
    const hers = { ...policy, name: 'mine', scaling: { ...policy.scaling, min_workers: 3 } };
    await context.bus.request(
      'policy.put',
      { policy: hers, must: 'update' },
      { key: systemKey(policy.id), actor: ada },
    );
    await settle();
    expect((await storedPolicy()).name).to.equal('mine');
    const standing = await declare();
    expect(standing.policy.name).to.equal('mine');
    expect(await storedPolicy())
      .to.deep.include({ name: 'mine' })
      .and.to.have.nested.property('scaling.min_workers', 3);
    expect(sentences).to.deep.equal([`policy ${policy.id} is not as the demo puts it: yours is kept`]);
    await context.bus.request('pool.put', { pool: { ...pool, worker_cost_per_hour: 7 } }, { key: pool.id, actor: ada });
    expect((await declare()).pool.worker_cost_per_hour).to.equal(7);
    expect((await storedPool()).worker_cost_per_hour).to.equal(7);
    expect(sentences).to.include(`pool ${pool.id} is not as the demo puts it: yours is kept`);
  });

  it('are a person’s where nothing says that the demo has put them', async () => {
    rmSync(join(folder, 'own-records.json'));
    await declare();
    expect(sentences).to.have.length(2);
  });
});
