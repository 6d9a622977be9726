// node scripts/bench.mjs stores [--pools N] [--seconds N]
// All services on private NATS and Redis, with pools whose workers report jobs: how many bytes each store holds, and how
// large it is in its steady state at 1,000 pools, 10 workers each, and an interval of 15 s (docs/stores.md).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRedisHistory } from '@capplan/collector-service';
import {
  type HistoryPoint,
  isCapacityError,
  type ReplyData,
  type RequestData,
  type RequestName,
  systemKey,
  timestamp,
} from '@capplan/contracts';
import { createRandomStream } from '@capplan/random';
import { createSystemClock, openContext, startPrivateNats, startPrivateRedis } from '@capplan/runtime';
import { startStack } from '@capplan/stack';
import { createBusTransport, createWorkerReporter } from '@capplan/worker-sdk';

const { values } = parseArgs({
  options: { pools: { type: 'string', default: '20' }, seconds: { type: 'string', default: '120' } },
});
const pools = Number(values.pools);
const seconds = Number(values.seconds);
const intervalSec = 2;
const workersPerPool = 2;
const reportEverySec = 5;
/** What is scaled to. */
const aim = { pools: 1_000, workersPerPool: 10, intervalSec: 15, changesPerPoolDay: 100 };
/** Plan and rollout events of one change: proposed, approved, executing, completed; started, stepped, finished. */
const eventsPerChange = 7;
/** Plans that a pool keeps when its record has grown to its full size. */
const plansPerPool = 22;
const daySec = 86_400;
const windowsPerDay = daySec / aim.intervalSec;

const folder = await mkdtemp(join(tmpdir(), 'capacity-planner-'));
const nats = await startPrivateNats({ dataDir: join(folder, 'nats') });
const redis = await startPrivateRedis({ dataDir: join(folder, 'redis') });
const clock = createSystemClock();
const random = createRandomStream(1);
const servers = {
  kind: 'servers',
  natsUrl: nats.url,
  redisUrl: redis.url,
  notice: undefined,
  stop: async () => {},
} as const;
const stack = await startStack({
  servers,
  dataDir: folder,
  logLevel: 'error',
  env: { COLLECTOR_INTERVAL_S: String(intervalSec), COLLECTOR_DEPTH_TIMEOUT_MS: '400' },
});
const keeper = await openContext({ name: 'bench', natsUrl: nats.url, redisUrl: redis.url, logLevel: 'error' });
const actor = { id: 'ada', kind: 'user', second_factor: true } as const;
/** Asks again where the servers of a busy machine were too slow. */
const ask = async <N extends RequestName>(
  name: N,
  key: string,
  data: RequestData<N>,
  tries = 5,
): Promise<ReplyData<N>> => {
  try {
    return await keeper.bus.request(name, data, { key, actor, timeoutMs: 30_000 });
  } catch (error) {
    if (tries === 0 || !isCapacityError(error) || !error.retryable) throw error;
    await clock.sleep(500);
    return ask(name, key, data, tries - 1);
  }
};

const now = () => timestamp(clock.nowMs());
const policy = {
  ...{ id: 'manual', name: 'Manual', enabled: true, mode: 'manual' as const, slo: { p95_latency: '5s' } },
  ...{ scaling: { min_workers: 1, max_workers: 60 }, forecast: {}, cost: {}, tags: [], updated_at: now() },
};
await ask('policy.put', systemKey(policy.id), { policy, must: 'create' });
const ids = Array.from({ length: pools }, (_, i) => `shop/pool-${i}`);
for (const id of ids) {
  const pool = {
    ...{
      id,
      policy_id: policy.id,
      queue: { kind: 'reported' as const, name: id },
      actuator: { kind: 'none' as const },
    },
    ...{ concurrency: 4, startup_delay: '30s', worker_cost_per_hour: 0.1, tags: [], updated_at: now() },
  };
  await ask('pool.put', id, { pool });
}
const reporters = ids.flatMap((pool) =>
  Array.from({ length: workersPerPool }, (_, i) =>
    createWorkerReporter({
      ...{ transport: createBusTransport(keeper.bus), pool, worker: `${pool.slice(5)}-w${i}`, concurrency: 4 },
      ...{ clock, random, intervalMs: 1000 * reportEverySec, backlog: () => 1 },
    }),
  ),
);
const startedMs = performance.now();
await Promise.all(reporters.map((reporter) => reporter.start()));
const work = clock.every(
  500,
  () => {
    for (const reporter of reporters) {
      reporter.jobStarted();
      reporter.jobFinished({ waitSec: 0.05 * random.next(), serviceSec: 0.2 + random.next(), ok: true });
    }
  },
  () => {},
);
await clock.sleep(1000 * Math.min(20, seconds));
// A pool's record is full when so many plans are over.
for (let i = 0; i < plansPerPool; i++) {
  for (const pool of ids) await ask('plan.create', pool, { pool, target_workers: 3 + (i % 2) });
}
await clock.sleep(1000 * Math.max(0, seconds - 20));

interface Row {
  store: string;
  measured: string;
  bytesAtAim: number;
  note: string;
}
const rows: Row[] = [];
const stateOf = async (stream: string) => {
  const { state, config } = await keeper.nats.manager.streams.info(stream, { subjects_filter: '>' });
  return { ...state, limit: config.max_bytes, keys: Object.entries(state.subjects ?? {}) };
};
function size(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
const rounded = (bytes: number) => Math.round(bytes).toLocaleString('en');
const add = (store: string, each: number, unit: string, count: number, limit = -1) => {
  const whole = each * count;
  const isLimited = limit > 0 && whole > limit;
  const note = isLimited ? `its age alone would be ${size(whole)}: the limit of size drops the oldest` : '';
  rows.push({ store, measured: `${rounded(each)} B ${unit}`, bytesAtAim: isLimited ? limit : whole, note });
};

const signals = await stateOf('CAPACITY_SIGNALS');
const windows = signals.keys
  .filter(([subject]) => subject.includes('.load.observed.'))
  .reduce((sum, [, n]) => sum + n, 0);
add('NATS CAPACITY_SIGNALS', signals.bytes / windows, 'a window', aim.pools * windowsPerDay, signals.limit);
const ingest = await stateOf('CAPACITY_INGEST');
const elapsedSec = (performance.now() - startedMs) / 1000;
const reportsPerHour = (ingest.messages / (pools * workersPerPool) / elapsedSec) * 3600;
const reportBytes = ingest.bytes / ingest.messages;
add('NATS CAPACITY_INGEST', reportBytes, 'a report', aim.pools * aim.workersPerPool * reportsPerHour, ingest.limit);
const events = await stateOf('CAPACITY_EVENTS');
const changes90 = aim.pools * aim.changesPerPoolDay * 90;
add('NATS CAPACITY_EVENTS', events.bytes / events.messages, 'an event', changes90 * eventsPerChange, events.limit);
const records = await stateOf('CAPACITY_RECORDS');
add('NATS CAPACITY_RECORDS', records.bytes / records.keys.length, 'a record', aim.pools * 16, records.limit);
for (const bucket of ['pools', 'policies', 'plans']) {
  const state = await stateOf(`KV_${bucket}`);
  const revisions = (state.messages / Math.max(1, state.keys.length)).toFixed(1);
  add(`NATS KV_${bucket}`, state.bytes / Math.max(1, state.keys.length), `a key in ${revisions} revisions`, aim.pools);
}
const audit = await stateOf('CAPACITY_AUDIT');
add('NATS CAPACITY_AUDIT', audit.bytes / audit.messages, 'an entry', changes90 * eventsPerChange, audit.limit);

const families = new Map<string, { bytes: number; keys: number }>();
const measure = async (): Promise<void> => {
  families.clear();
  let cursor = '0';
  do {
    const [next, keys] = await keeper.redis.scan(cursor, 'COUNT', 500);
    cursor = next;
    for (const key of keys) {
      const family = ids
        .toSorted((a, b) => b.length - a.length)
        .reduce((name, id) => name.replace(id, '<pool>'), key)
        .replace(/:\d+$/, ':<n>')
        .replace(/^(capacity:probe:).*/, '$1<replica>');
      const known = families.get(family) ?? { bytes: 0, keys: 0 };
      const bytes = Number(await keeper.redis.memory('USAGE', key));
      families.set(family, { bytes: known.bytes + bytes, keys: known.keys + 1 });
    }
  } while (cursor !== '0');
};
await measure();
for (const [family, { bytes, keys }] of families) {
  // One for each replica, however many pools there are.
  if (family.startsWith('capacity:probe:')) {
    add(`Redis ${family}`, bytes / keys, 'a replica', keys);
    continue;
  }
  const isWindowed = family.endsWith(':ids:<n>');
  const each = isWindowed ? bytes / keys : bytes / pools;
  const growth = isWindowed ? 600 / aim.intervalSec + 2 : family.endsWith(':now') ? (240 * pools) / (windows || 1) : 1;
  const share = /:workers$|:win:/.test(family) ? aim.workersPerPool / workersPerPool : 1;
  add(`Redis ${family}`, each * share, isWindowed ? 'a window' : 'a pool', aim.pools * growth);
}

// What an hour and a day of history come to, on a pool of its own with the figures of a noisy day.
await work.stop();
await Promise.all(reporters.map((reporter) => reporter.stop()));
const range = { from: timestamp(clock.nowMs() - 600_000), to: now(), every_s: 15 };
const sample = (await ask('load.history', ids[0] as string, { pool: ids[0] as string, ...range })).points.at(-1);
await stack.stop();
await keeper.redis.flushall();
const history = createRedisHistory(keeper.redis, { keepDays: 90 });
const startMs = Math.ceil(clock.nowMs() / daySec / 1000) * daySec * 1000;
for (let i = 0; sample && i <= windowsPerDay + 4; i++) {
  const rate = Math.max(0, 20 + 10 * Math.sin((2 * Math.PI * i) / windowsPerDay) + 4 * random.normal());
  const point: HistoryPoint = {
    ...sample,
    ...{ timestamp: timestamp(startMs + i * 15_000), interval_s: 15, arrival_rate: rate, completion_rate: rate },
    ...{
      busy_slots: rate * 0.7,
      current_workers: Math.ceil(rate / 4),
      service_time_mean_s: 0.7 + 0.05 * random.normal(),
    },
  };
  await history.append('shop/history', point);
}
await measure();
for (const [name, unit, count] of [
  ['raw', 'an hour', 24 * 90],
  ['5m', 'a day', 90],
  ['1h', 'a day', 90],
] as const) {
  const found = families.get(`capplan:history:{shop/history}:${name}:<n>`);
  if (found) add(`Redis history :${name}:`, found.bytes / (name === 'raw' ? found.keys : 1), unit, aim.pools * count);
}

process.stdout.write(
  `${pools} pools, ${workersPerPool} workers each, ${windows} windows; at ${aim.pools} pools of ${aim.workersPerPool} workers, ${aim.intervalSec} s, ${aim.changesPerPoolDay} changes a pool and day:\n\n`,
);
process.stdout.write('| store | measured | steady state | |\n|---|---:|---:|---|\n');
for (const { store, measured, bytesAtAim, note } of rows) {
  process.stdout.write(`| ${store} | ${measured} | ${size(bytesAtAim)} | ${note} |\n`);
}
await keeper.close();
await nats.stop();
await redis.stop();
await rm(folder, { recursive: true, force: true });
