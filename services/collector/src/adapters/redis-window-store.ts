import type { Redis } from 'ioredis';
import type { Observation, PlacedReport, WorkerSeen } from '../observe/observation.ts';
import { reportId, workerSeen } from '../observe/report-id.ts';
import type { WindowStore } from '../ports.ts';

/*
 * Keys, all under `<prefix>:{<pool>}` so that a cluster keeps one pool's together:
 *   :closed      number of the newest closed window
 *   :since       when this pool was first seen here, ms since the epoch; gone when the store was emptied
 *   :ids:<n>     set of the reports whose own time lies in window n, as 52-bit hashes of their ids (an intset is 8 bytes each)
 *   :win:<n>     hash, report id → `0` or `1` (late) and the report as JSON; goes when the window is settled
 *   :workers     hash, worker → when its newest heartbeat was received, a space, and what it said
 *   :settled     number of the newest settled window, a space, and the observation
 * The scripts make each step atomic, so that replicas and redeliveries cannot come between.
 */

const PUT = `
local id, place, body = ARGV[1], tonumber(ARGV[3]), ARGV[6]
local ids = KEYS[1] .. ':ids:' .. ARGV[2]
if redis.call('SADD', ids, string.format('%.0f', tonumber(string.sub(redis.sha1hex(id), 1, 13), 16))) == 0 then return 0 end
redis.call('EXPIRE', ids, ARGV[4])
local closed = tonumber(redis.call('GET', KEYS[1] .. ':closed') or '0')
local late = '0'
if place < closed then late = '1' end
if place <= closed then place = closed + 1 end
local window = KEYS[1] .. ':win:' .. string.format('%.0f', place)
redis.call('HSET', window, id, late .. body)
redis.call('EXPIRE', window, ARGV[5])
if ARGV[7] then
  local known = redis.call('HGET', KEYS[1] .. ':workers', ARGV[7])
  if not known or tonumber(string.match(known, '^%d+')) <= tonumber(ARGV[8]) then
    redis.call('HSET', KEYS[1] .. ':workers', ARGV[7], ARGV[8] .. ' ' .. ARGV[9])
  end
end
return 1
`;

const CLOSE = `
local closed = tonumber(redis.call('GET', KEYS[1] .. ':closed') or '0')
if tonumber(ARGV[1]) > closed then redis.call('SET', KEYS[1] .. ':closed', ARGV[1]) end
redis.call('SET', KEYS[1] .. ':since', ARGV[3], 'NX')
local workers = redis.call('HGETALL', KEYS[1] .. ':workers')
local kept = {}
for i = 1, #workers, 2 do
  if tonumber(string.match(workers[i + 1], '^%d+')) < tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1] .. ':workers', workers[i])
  else
    kept[#kept + 1] = workers[i + 1]
  end
end
return {
  redis.call('HVALS', KEYS[1] .. ':win:' .. ARGV[1]), kept, redis.call('GET', KEYS[1] .. ':since'),
  redis.call('GET', KEYS[1] .. ':settled')
}
`;

const SETTLE = `
local known = redis.call('GET', KEYS[1] .. ':settled')
if known and tonumber(string.match(known, '^%d+')) >= tonumber(ARGV[1]) then return known end
local new = ARGV[1] .. ' ' .. ARGV[2]
redis.call('SET', KEYS[1] .. ':settled', new)
redis.call('UNLINK', KEYS[1] .. ':win:' .. ARGV[1])
return new
`;

/**
 * How long a window is kept that nobody settles, seconds: when all collectors are away, as long as the ingest stream would
 * keep its reports.
 */
const WINDOW_TTL_SEC = 3600;

/**
 * How long a report is recognised after its window was settled, seconds. A redelivery comes within the ack-wait of 30 s and
 * delays of at most as much; what comes after two windows adds to no rate even unrecognised.
 */
const IDS_TTL_SEC = 600;

/** The windows under way in Redis, shared by all replicas. */
export function createRedisWindowStore(redis: Redis, { prefix = 'capplan:collector' } = {}): WindowStore {
  const root = (pool: string): string => `${prefix}:{${pool}}`;

  return {
    put: async (pool, report, placement) => {
      const { kind, data } = report;
      const worker = workerSeen(report, placement);
      const { ownWindow, window } = placement;
      const body = JSON.stringify({ kind, data });
      const args: (string | number)[] = [reportId(report), ownWindow, window, IDS_TTL_SEC, WINDOW_TTL_SEC, body];
      if (worker !== undefined) args.push(worker.worker, worker.seenAtMs, JSON.stringify(worker));
      return (await redis.eval(PUT, 1, root(pool), ...args)) === 1;
    },
    close: async (pool, window, { forgetWorkersBeforeMs, nowMs }) => {
      const [reports, workers, since, settled] = (await redis.eval(
        CLOSE,
        1,
        root(pool),
        window,
        Math.max(0, Math.floor(forgetWorkersBeforeMs)),
        nowMs,
      )) as [string[], string[], string, string | null];
      const previous = settled === null ? undefined : observationOf(settled);
      return {
        reports: reports.map((text) => ({ ...JSON.parse(text.slice(1)), late: text.startsWith('1') }) as PlacedReport),
        workers: workers.map(workerOf),
        previous: previous !== undefined && previous.window < window ? previous : undefined,
        knownSinceMs: Number(since),
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
      // `closed` stays for a while: reports still under way must not open the windows of a pool that has gone.
      await redis.del(...['since', 'workers', 'settled'].map((name) => `${root(pool)}:${name}`));
      await redis.expire(`${root(pool)}:closed`, WINDOW_TTL_SEC);
    },
  };
}

function observationOf(text: string): Observation {
  return JSON.parse(text.slice(text.indexOf(' ') + 1)) as Observation;
}

function workerOf(text: string): WorkerSeen {
  return JSON.parse(text.slice(text.indexOf(' ') + 1)) as WorkerSeen;
}
