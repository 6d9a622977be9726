import {
  CapacityError,
  cutPage,
  isCapacityError,
  type Pool,
  placeOfCursor,
  type Rollout,
  timestamp,
} from '@capplan/contracts';
import { createPoolGuard, type Service, type ServiceContext, type Subscription } from '@capplan/runtime';
import Type from 'typebox';
import type { CollectorConfig } from './config.ts';
import { historyPoint, isNewSuspicion, observeWindow, resolutionSec } from './decide.ts';
import { readHistoryPage } from './history/read-page.ts';
import { takeImport } from './history/take-import.ts';
import { takeReports } from './ingest.ts';
import { presentWorkers } from './observe/fleet.ts';
import { type DepthOutcome, type Observation, windowEndMs } from './observe/observation.ts';
import type { CollectorPorts } from './ports.ts';

/** Windows that nobody closed in time are worth a place in history, and no message: at most so many at once. */
const MISSED_WINDOWS_MAX = 240;
/** A window that ended longer ago than this many lengths is no news. */
const NEWS_WINDOWS = 2;
/** Pools looked at for one page of `load.current`. */
const POOLS_A_PAGE = 250;
/** Pools observed at the same time. */
const POOLS_AT_ONCE = 32;
/** Workers in one reply: with the longest names about a tenth of what a reply may hold. */
const WORKERS_A_PAGE = 500;
const WORKER_FORGOTTEN_MS = 3_600_000;
const DAY_MS = 86_400_000;

const rolloutEvents = [
  'rollout.started',
  'rollout.stepped',
  'rollout.held',
  'rollout.finished',
  'rollout.failed',
  'rollout.reverted',
] as const;

/**
 * The collector: reports and queue depths in, one `load.observed` per pool and window out.
 *
 * Any number of replicas share the work of taking reports in. At the end of a window each of them closes it, one
 * settles it, and all say the same under the same id; the bus keeps one.
 */
export function createCollector(context: ServiceContext, config: CollectorConfig, ports: CollectorPorts): Service {
  const { bus, clock, log } = context;
  const guard = createPoolGuard(context);
  const intervalMs = config.intervalSec * 1000;
  const pools = new Map<string, Pool>();
  const rollouts = new Map<string, Rollout>();
  /** Settled here, and not known to be on the bus. */
  const unsaid = new Map<string, { observation: Observation; isSuspicionNew: boolean }>();
  /** Since when the store has known each pool, as last seen here. */
  const knownSince = new Map<string, number>();
  /** Pools whose past was found to be lost since that was last said. */
  const lost = new Set<string>();
  let loss = 'no loss was seen';
  const stopping = new AbortController();
  const subscriptions: Subscription[] = [];
  let running: Promise<void> = Promise.resolve();
  const observed = context.metrics.counter('capacity_planner_windows_total', 'Windows observed', ['trusted']);
  const failed = context.metrics.counter(
    'capacity_planner_window_failures_total',
    'Windows that could not be said yet',
  );

  const say = async (pool: string): Promise<void> => {
    const news = unsaid.get(pool);
    if (news === undefined) return;
    const { snapshot, window } = news.observation;
    const cause = `${window}x${config.intervalSec}`;
    await bus.publish({ type: 'load.observed', key: pool, data: snapshot, cause });
    if (news.isSuspicionNew) {
      const data = { pool, timestamp: snapshot.timestamp, quality: snapshot.quality };
      await bus.publish({ type: 'load.suspect', key: pool, data, cause });
    }
    if (unsaid.get(pool) === news) unsaid.delete(pool);
  };

  const readDepth = async (pool: Pool): Promise<DepthOutcome> => {
    if (pool.queue.kind === 'reported' || pool.queue.kind === 'none') return { ok: false, reason: 'not_asked' };
    const over = new AbortController();
    try {
      const limitMs = Math.max(config.depthTimeoutMs, intervalMs / 4);
      const late = clock.sleep(limitMs, over.signal).then(() => {
        throw new CapacityError('deadline_exceeded', `no answer within ${limitMs} ms`);
      });
      late.catch(() => {});
      return { ok: true, ...(await Promise.race([ports.depths.read(pool.queue), late])) };
    } catch (error) {
      const reason = isCapacityError(error, 'not_found') ? 'missing' : 'unreachable';
      return { ok: false, reason, detail: error instanceof Error ? error.message : String(error) };
    } finally {
      over.abort();
    }
  };

  const observe = async (pool: Pool, window: number, depth: DepthOutcome): Promise<void> => {
    const forgetWorkersBeforeMs = windowEndMs(window, config.intervalSec) - WORKER_FORGOTTEN_MS;
    const nowMs = Math.floor(clock.nowMs());
    const closed = await ports.windows.close(pool.id, window, { forgetWorkersBeforeMs, nowMs });
    const rememberedSinceMs = knownSince.get(pool.id);
    const seen = observeWindow(
      { pool, window, closed, depth, rollout: rollouts.get(pool.id), rememberedSinceMs },
      config,
    );
    const observation = await ports.windows.settle(pool.id, seen);
    knownSince.set(pool.id, closed.knownSinceMs);
    if (observation.memory.lostInWindow === observation.window) lost.add(pool.id);
    await ports.history.append(pool.id, historyPoint(observation.snapshot));
    observed.add({ trusted: String(observation.snapshot.quality.trusted) });
    const newestWindow = Math.floor(clock.nowMs() / intervalMs);
    if (newestWindow - observation.window > NEWS_WINDOWS) return;
    const isSuspicionNew = isNewSuspicion(closed.previous?.snapshot, observation.snapshot);
    unsaid.set(pool.id, { observation, isSuspicionNew });
  };

  const catchUp = async (pool: Pool, window: number): Promise<void> => {
    await say(pool.id);
    const settled = await ports.windows.settled(pool.id);
    if (settled !== undefined && settled.window >= window) return;
    const first = settled === undefined ? window : Math.max(settled.window + 1, window - MISSED_WINDOWS_MAX);
    for (let missed = first; missed < window; missed++) {
      await observe(pool, missed, { ok: false, reason: 'unreachable', detail: 'nobody was there to look' });
    }
    await observe(pool, window, await readDepth(pool));
    await say(pool.id);
  };

  const sayLoss = (): void => {
    const at = timestamp(clock.nowMs());
    loss = `what was known of ${lost.size} pools was lost before ${at}`;
    log.error(
      { pools: lost.size, some: [...lost].slice(0, 10), at },
      'The store was emptied: history and demand of these pools are lost, and are learned anew',
    );
    lost.clear();
  };

  const closeWindow = async (window: number): Promise<void> => {
    const waiting = [...pools.values()];
    const troubles: { pool: string; error: unknown }[] = [];
    const work = async (): Promise<void> => {
      for (let pool = waiting.shift(); pool !== undefined && !stopping.signal.aborted; pool = waiting.shift()) {
        try {
          await guard.run(pool.id, () => catchUp(pool, window));
        } catch (error) {
          failed.add();
          troubles.push({ pool: pool.id, error });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(POOLS_AT_ONCE, waiting.length) }, work));
    if (troubles.length > 0) {
      // One line a window: what ails a thousand pools at once is one trouble.
      const some = troubles.slice(0, 10).map(({ pool }) => pool);
      const facts = { pools: troubles.length, some, window, error: troubles[0]?.error };
      log.warn(facts, 'Windows could not be observed or published; they are tried again');
    }
    if (lost.size > 0) sayLoss();
  };

  const run = async (): Promise<void> => {
    const graceMs = config.graceSec * 1000;
    while (!stopping.signal.aborted) {
      const window = Math.floor((clock.nowMs() - graceMs) / intervalMs) + 1;
      await clock.sleep(window * intervalMs + graceMs - clock.nowMs(), stopping.signal);
      if (!stopping.signal.aborted) await closeWindow(window);
    }
  };

  /** What a replica that died had settled and perhaps not said; an old one is no news. */
  const saySettled = async (): Promise<void> => {
    for (const pool of pools.keys()) {
      const observation = await ports.windows.settled(pool);
      if (observation === undefined) continue;
      if (clock.nowMs() / intervalMs - observation.window > NEWS_WINDOWS) continue;
      unsaid.set(pool, { observation, isSuspicionNew: observation.snapshot.quality.suspects.length > 0 });
      await ports.history.append(pool, historyPoint(observation.snapshot));
      await say(pool);
    }
  };

  context.health.watch('history', () => ({ ready: true, detail: loss }));

  return {
    name: 'collector',
    start: async () => {
      subscriptions.push(
        await bus.follow('pool.changed', async ({ envelope: { data } }) => {
          if (data.pool !== null) return void pools.set(data.id, data.pool);
          pools.delete(data.id);
          unsaid.delete(data.id);
          guard.forget(data.id);
          knownSince.delete(data.id);
          await ports.windows.forget(data.id);
        }),
      );
      for (const event of rolloutEvents) {
        subscriptions.push(
          await bus.follow(event, ({ envelope: { data } }) => {
            const known = rollouts.get(data.pool);
            if (known === undefined || known.updated_at <= data.updated_at) rollouts.set(data.pool, data);
          }),
        );
      }
      subscriptions.push(...(await takeReports(context, config, ports.windows, (pool) => pools.has(pool))));
      subscriptions.push(
        await bus.respond('load.current', async ({ data }) => {
          if (data.pool !== undefined && !pools.has(data.pool)) {
            throw new CapacityError('not_found', `there is no pool ${data.pool}`);
          }
          const [after = ''] = placeOfCursor('load.current', data.cursor, Type.Tuple([Type.String()])) ?? [];
          const rest = (data.pool === undefined ? [...pools.keys()].sort() : [data.pool]).filter((id) => id > after);
          const asked = rest.slice(0, POOLS_A_PAGE);
          const settled = await Promise.all(asked.map((pool) => ports.windows.settled(pool)));
          const last = asked.at(-1);
          const { items, ...more } = cutPage(
            settled.flatMap((observation) => (observation ? [observation.snapshot] : [])),
            {
              list: 'load.current',
              placeOf: ({ pool }) => [pool],
              idOf: ({ pool }) => pool,
              ...(data.limit !== undefined && { limit: data.limit }),
              ...(last !== undefined && rest.length > asked.length && { goesOnAfter: [last] }),
            },
          );
          return { snapshots: items, ...more };
        }),
        await bus.respond('load.workers', async ({ data: { pool, cursor = '' } }) => {
          if (!pools.has(pool)) throw new CapacityError('not_found', `there is no pool ${pool}`);
          const present = presentWorkers(await ports.windows.workers(pool), clock.nowMs(), config);
          const rest = present.filter(({ worker }) => worker > cursor);
          const page = rest.slice(0, WORKERS_A_PAGE);
          const last = page.at(-1);
          return {
            workers: page.map(({ worker, busy, concurrency, draining, seenAtMs }) => ({
              worker,
              busy,
              concurrency,
              draining,
              seen_at: timestamp(seenAtMs),
            })),
            ...(last !== undefined && rest.length > page.length && { next_cursor: last.worker }),
          };
        }),
        await bus.respond('history.import', async (request) => {
          const { pool } = request.data;
          if (!pools.has(pool)) throw new CapacityError('not_found', `there is no pool ${pool}`);
          return takeImport(context, config, ports.history, request);
        }),
        await bus.respond('load.history', async ({ data }) => {
          const fromMs = Date.parse(data.from);
          // Nothing has happened yet after now.
          const toMs = Math.min(Date.parse(data.to), clock.nowMs() + intervalMs);
          if (!(fromMs < toMs)) {
            throw new CapacityError(
              'invalid_input',
              `from ${data.from} must lie before to ${data.to}, and in the past`,
            );
          }
          // Older than what is kept cannot be there.
          const oldestMs = toMs - (config.historyDays + 1) * DAY_MS;
          const { items, everySec, ...more } = await readHistoryPage(
            ports.history,
            {
              pool: data.pool,
              fromMs: Math.max(fromMs, oldestMs),
              toMs,
              everySec: Math.max(
                config.intervalSec,
                data.every_s ?? resolutionSec((toMs - fromMs) / 1000, config.intervalSec),
              ),
              cursor: data.cursor,
              limit: data.limit,
            },
            config.intervalSec,
          );
          return { pool: data.pool, every_s: everySec, points: items, ...more };
        }),
      );
      try {
        await saySettled();
      } catch (error) {
        log.warn({ error, at: timestamp(clock.nowMs()) }, 'what was settled before the start could not be said again');
      }
      running = run();
      running.catch((error: unknown) => log.error({ error }, 'the collector’s loop broke'));
    },
    stop: async () => {
      stopping.abort();
      await running.catch(() => {});
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
