import type { Redis } from 'ioredis';
import type { Observation, PlacedReport, WorkerSeen } from '../observe/observation.ts';
import { reportId, workerSeen } from '../observe/report-id.ts';
import type { WindowStore } from '../ports.ts';

/*
 * Keys, all under `<prefix>:{<pool>}` so that a cluster keeps one pool's together:
 *   :closed      number of the newest closed window
 *   :seen:<n>    hash, ids of the reports that tell of window n
 *   :win:<n>     hash, report id → `0` or `1` (late) and the report as JSON
 *   :workers     hash, worker → time of its newest heartbeat, a space, and what it said
 *   :settled     number of the newest settled window, a space, and the observation
 * The scripts make each step atomic, so that replicas and redeliveries cannot come between.
 */

const PUT = `
local id, told, place, ttl, body = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local seen = KEYS[1] .. ':seen:' .. ARGV[2]
if redis.call('HSETNX', seen, id, 1) == 0 then return 0 end
redis.call('EXPIRE', seen, ttl)
local closed = tonumber(redis.call('GET', KEYS[1] .. ':closed') or '0')
local late = '0'
if told < closed then late = '1' end
if place <= closed then place = closed + 1 end
local window = KEYS[1] .. ':win:' .. string.format('%.0f', place)
redis.call('HSET', window, id, late .. body)
redis.call('EXPIRE', window, ttl)
if ARGV[6] then
  local known = redis.call('HGET', KEYS[1] .. ':workers', ARGV[6])
  if not known or tonumber(string.match(known, '^%d+')) <= tonumber(ARGV[7]) then
    redis.call('HSET', KEYS[1] .. ':workers', ARGV[6], ARGV[7] .. ' ' .. ARGV[8])
  end
end
return 1
`;

const CLOSE = `
local closed = tonumber(redis.call('GET', KEYS[1] .. ':closed') or '0')
if tonumber(ARGV[1]) > closed then redis.call('SET', KEYS[1] .. ':closed', ARGV[1]) end
local workers = redis.call('HGETALL', KEYS[1] .. ':workers')
local kept = {}
for i = 1, #workers, 2 do
  if tonumber(string.match(workers[i + 1], '^%d+')) < tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1] .. ':workers', workers[i])
  else
    kept[#kept + 1] = workers[i + 1]
  end
end
return { redis.call('HVALS', KEYS[1] .. ':win:' .. ARGV[1]), kept, redis.call('GET', KEYS[1] .. ':settled') }
`;

const SETTLE = `
local known = redis.call('GET', KEYS[1] .. ':settled')
if known and tonumber(string.match(known, '^%d+')) >= tonumber(ARGV[1]) then return known end
local new = ARGV[1] .. ' ' .. ARGV[2]
redis.call('SET', KEYS[1] .. ':settled', new)
return new
`;

/** How long reports are kept for a late closing and to recognise repeats, seconds. As long as the ingest stream. */
const REPORT_TTL_SEC = 3600;

/** The windows under way in Redis, shared by all replicas. */
export function createRedisWindowStore(redis: Redis, { prefix = 'capplan:collector' } = {}): WindowStore {
  const root = (pool: string): string => `${prefix}:{${pool}}`;

  return {
    put: async (pool, report, { told, place }) => {
      const { kind, data } = report;
      const worker = workerSeen(report);
      const args = [reportId(report), told, place, REPORT_TTL_SEC, JSON.stringify({ kind, data })];
      if (worker !== undefined) args.push(worker.worker, worker.seenAtMs, JSON.stringify(worker));
      return (await redis.eval(PUT, 1, root(pool), ...args)) === 1;
    },
    close: async (pool, window, { forgetWorkersBeforeMs }) => {
      const [reports, workers, settled] = (await redis.eval(
        CLOSE,
        1,
        root(pool),
        window,
        Math.max(0, Math.floor(forgetWorkersBeforeMs)),
      )) as [string[], string[], string | null];
      const previous = settled === null ? undefined : observationOf(settled);
      return {
        reports: reports.map((text) => ({ ...JSON.parse(text.slice(1)), late: text.startsWith('1') }) as PlacedReport),
        workers: workers.map(workerOf),
        previous: previous !== undefined && previous.window < window ? previous : undefined,
      };
    },
    settle: async (pool, observation) => {
      const settled = await redis.eval(SETTLE, 1, root(pool), observation.window, JSON.stringify(observation));
      return observationOf(settled as string);
    },
    settled: async (pool) => {
      const settled = await redis.get(`${root(pool)}:settled`);
      return settled === null ? undefined : observationOf(settled);
    },
    workers: async (pool) => (await redis.hvals(`${root(pool)}:workers`)).map(workerOf),
    forget: async (pool) => {
      const { closed, ...others } = { closed: 'closed', workers: 'workers', settled: 'settled' };
      // `closed` stays for a while: reports still under way must not open the windows of a pool that has gone.
      await redis.del(...Object.values(others).map((name) => `${root(pool)}:${name}`));
      await redis.expire(`${root(pool)}:${closed}`, REPORT_TTL_SEC);
    },
  };
}

function observationOf(text: string): Observation {
  return JSON.parse(text.slice(text.indexOf(' ') + 1)) as Observation;
}

function workerOf(text: string): WorkerSeen {
  return JSON.parse(text.slice(text.indexOf(' ') + 1)) as WorkerSeen;
}
