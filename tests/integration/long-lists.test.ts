import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  jsonBytes,
  messageBytesMax,
  type Plan,
  type Policy,
  pageLimitMax,
  type Rollout,
  type Step,
  timestamp,
} from '@capplan/contracts';
import { PoolRollouts } from '@capplan/executor-service';
import { PolicyRecord, PoolPlans, PoolRecord } from '@capplan/planner-service';
import { samplePlan, samplePolicy, samplePool, sampleRollout } from '@capplan/planner-service/conformance';
import {
  openContext,
  type PrivateServer,
  type ServerContext,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { type Stack, startStack } from '@capplan/stack';
import { expect } from 'chai';

const poolIds = Array.from({ length: 500 }, (_, i) => `load/pool-${String(i).padStart(3, '0')}`);
const policyIds = Array.from({ length: 30 }, (_, i) => `policy-${String(i).padStart(2, '0')}`);
/** Governs all pools: to decide for them is not what is tried here. */
const smallPolicyId = 'small';
const plansOfAPool = 5;
const busyPools = poolIds.slice(0, 60);
const auditEntries = 1_000;

/* Lists that are many messages long, over REST, on servers as they come: a message holds one mebibyte there. */

describe('lists of many mebibytes on servers with their stock limits', function () {
  this.timeout(120_000);
  let folder: string;
  let nats: PrivateServer;
  let redis: PrivateServer;
  let helper: ServerContext;
  let stack: Stack;
  let token: string;
  const plans: Plan[] = [];
  const rollouts: Rollout[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
    nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
    redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
    helper = await openContext({ name: 'helper', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'silent' });
    expect(helper.nats.connection.info?.max_payload).to.equal(messageBytesMax);
    await fillStores();
    stack = await startStack({
      servers: { kind: 'servers', natsUrl: nats.url, redisUrl: redis.url, notice: undefined, stop: async () => {} },
      dataDir: folder,
      logLevel: 'silent',
      env: {
        GATEWAY_REQUESTS_PER_MINUTE: '100000000',
        // On a machine that is busy with other things a page may take long; here it is what it holds that counts.
        GATEWAY_ASK_TIMEOUT_MS: '30000',
        COLLECTOR_INTERVAL_S: '10',
        SIMULATOR_THREADS: '1',
      },
    });
    token = await stack.issueToken('ada', ['admin', 'finance']);
    await fillAuditLog();
  });
  after(async () => {
    await stack?.stop();
    await helper?.close();
    await nats?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Policies, pools, finished plans and rollouts, as a planner and an executor have left them. */
  async function fillStores(): Promise<void> {
    const policyRecords = await helper.records<PolicyRecord>('policies', PolicyRecord);
    const small = samplePolicy({ id: smallPolicyId, mode: 'advisory' });
    await inParallel([small, ...policyIds.map(largePolicy)], (policy) =>
      policyRecords.create(`_/${policy.id}`, { policy, command_id: `put-${policy.id}` }),
    );
    const poolRecords = await helper.records<PoolRecord>('pools', PoolRecord);
    await inParallel(poolIds, (id) => {
      const pool = samplePool({ id, policy_id: small.id, actuator: { kind: 'none' } });
      return poolRecords.create(id, { pool, command_id: `put-${id}` });
    });
    const planRecords = await helper.records<PoolPlans>('plans', PoolPlans);
    const rolloutRecords = await helper.records<PoolRollouts>('rollouts', PoolRollouts);
    await inParallel(busyPools, async (pool) => {
      const recent = Array.from({ length: plansOfAPool }, (_, i) => largePlan(`plan-${pool.slice(5)}-${i}`, pool));
      const done = recent.slice(0, 2).map((plan) => sampleRollout(plan, 'finished', Date.parse(plan.created_at)));
      plans.push(...recent);
      rollouts.push(...done);
      const nothing = { outbox: [], version: 9, active: null };
      await planRecords.create(pool, { ...nothing, pool, recent, changes: [], commands: [], planned_at_ms: 0 });
      const driving = { held_since_ms: null, reverting: null };
      await rolloutRecords.create(pool, { ...nothing, pool, recent: done, driving });
    });
  }

  /** Entries of the audit log: ordinary ones, and some of the largest that it takes. */
  async function fillAuditLog(): Promise<void> {
    const entries = Array.from({ length: auditEntries }, (_, i) => i);
    await inParallel(entries, async (i) => {
      const detail = { text: 'x'.repeat(i % 100 === 0 ? 500_000 : 2_000) };
      const entry = { id: `entry:${i}`, actor: 'ada', action: 'test', target: 'load/audit', outcome: 'allowed' };
      const time = timestamp(helper.clock.nowMs());
      const asked = { key: '_/audit', actor: { id: 'ada', kind: 'user' } } as const;
      await helper.bus.request('audit.append', { ...entry, time, detail }, asked);
    });
  }

  async function get(path: string): Promise<{ status: number; bytes: number; body: Record<string, unknown> }> {
    const response = await fetch(`${stack.url}/api/v1/capacity${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await response.text();
    return { status: response.status, bytes: Buffer.byteLength(text), body: JSON.parse(text) };
  }

  /** All items of a list, page after page, as a client walks it. */
  async function walk<T>(path: string, field: string): Promise<{ items: T[]; pages: number; bytes: number }> {
    const found = { items: [] as T[], pages: 0, bytes: 0 };
    let cursor: string | undefined;
    do {
      const at = `${path}limit=${pageLimitMax}${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const { status, bytes, body } = await get(at);
      expect(status, `${at}: ${JSON.stringify(body).slice(0, 300)}`).to.equal(200);
      expect(bytes).to.be.at.most(messageBytesMax);
      expect(body.left_out, at).to.equal(undefined);
      found.items.push(...(body[field] as T[]));
      found.pages += 1;
      found.bytes += bytes;
      cursor = body.next_cursor as string | undefined;
      expect(found.pages, `${path} has an end`).to.be.lessThan(300);
    } while (cursor !== undefined);
    return found;
  }

  const idOf = ({ id }: { id: string }) => id;
  const expectWhole = (found: { items: string[] }, expected: string[]) =>
    expect(found.items.toSorted()).to.deep.equal(expected.toSorted());
  async function walkIds(path: string, field: string) {
    const found = await walk<{ id: string }>(path, field);
    return { ...found, items: found.items.map(idOf) };
  }

  it('gives every snapshot of 500 pools once', async () => {
    let found = await walk<{ pool: string }>('/metrics?', 'snapshots');
    for (let tries = 0; tries < 100 && found.items.length < poolIds.length; tries++) {
      await helper.clock.sleep(200);
      found = await walk('/metrics?', 'snapshots');
    }
    expectWhole({ ...found, items: found.items.map(({ pool }) => pool) }, poolIds);
  });

  it('gives every one of 30 policies once that are as large as a policy may be', async () => {
    const found = await walkIds('/policies?', 'policies');
    expectWhole(found, [...policyIds, smallPolicyId]);
    expect(found.pages).to.be.greaterThan(5);
  });

  it('gives every one of 300 large plans once', async () => {
    const found = await walkIds('/plans?status=completed&', 'plans');
    expectWhole(found, plans.map(idOf));
    expect(found.bytes).to.be.greaterThan(20 * messageBytesMax);
  });

  it('gives every rollout of them once', async () => {
    const found = await walkIds('/rollouts?', 'rollouts');
    expectWhole(found, rollouts.map(idOf));
    expect(found.bytes).to.be.greaterThan(5 * messageBytesMax);
  });

  it('gives every record of the audit log once, in order', async () => {
    const found = await walk<{ sequence: number; entry: { id: string } }>('/audit?from_sequence=1&', 'records');
    expect(found.items.map(({ sequence }) => sequence)).to.deep.equal(found.items.map((_, i) => i + 1));
    const ids = found.items.map(({ entry }) => entry.id).filter((id) => id.startsWith('entry:'));
    expect(ids.toSorted()).to.deep.equal(Array.from({ length: auditEntries }, (_, i) => `entry:${i}`).toSorted());
    expect(found.bytes).to.be.greaterThan(5 * messageBytesMax);
  });

  it('does so when several are walked at the same time, and everybody is well afterwards', async () => {
    const [metrics, policies, audit] = await Promise.all([
      walk('/metrics?', 'snapshots'),
      walkIds('/policies?', 'policies'),
      walk('/audit?from_sequence=1&', 'records'),
    ]);
    expect(metrics.items).to.have.length(poolIds.length);
    expectWhole(policies, [...policyIds, smallPolicyId]);
    expect(audit.items.length).to.be.at.least(auditEntries);
    const { status, body } = await get('/health');
    expect([status, body.status], JSON.stringify(body)).to.deep.equal([200, 'ok']);
  });
});

/** A finished plan near the largest that is kept. */
function largePlan(id: string, pool: string): Plan {
  const number = Number(id.replaceAll(/\D/g, ''));
  const small = samplePlan([4, 6], { id, pool, status: 'completed' });
  const at = timestamp(Date.parse(small.created_at) + number * 1000);
  const step = { ...(small.steps[0] as Step), reason: 'r'.repeat(1_000) };
  const large = { ...small, created_at: at, updated_at: at, steps: Array.from({ length: 90 }, () => step) };
  expect(jsonBytes(large)).to.be.within(80_000, 131_072);
  return large;
}

/** A policy with all schedules and events that it may have, and the longest names. */
function largePolicy(id: string): Policy {
  const name = '€'.repeat(128);
  const policy = samplePolicy({
    id,
    name,
    mode: 'advisory',
    scaling: {
      min_workers: 1,
      max_workers: 40,
      schedules: Array.from({ length: 64 }, (_, i) => ({ name, cron: `0 ${i % 24} * * 1`, duration: '1h' })),
    },
    forecast: {
      events: Array.from({ length: 256 }, (_, i) => ({
        name,
        from: timestamp(Date.parse('2030-01-01T00:00:00Z') + i * 86_400_000),
        to: timestamp(Date.parse('2030-01-01T06:00:00Z') + i * 86_400_000),
        multiplier: 1.25,
      })),
    },
    tags: Array.from({ length: 32 }, (_, i) => `tag-${i}`),
  });
  expect(jsonBytes(policy)).to.be.greaterThan(150_000);
  return policy;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = [...items];
  const next = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 16 }, next));
}
