import { CapacityError, everyItem, type Pool } from '@capplan/contracts';
import {
  createPoolModel,
  type ForecastMemory,
  learningKey,
  type ModelSettings,
  type PoolModel,
  packModel,
  unpackModel,
} from '@capplan/deciding';
import type { ServiceContext } from '@capplan/runtime';
import type { ForecasterConfig } from './config.ts';
import { learnHistory } from './learn-history.ts';

export interface KeptModel {
  settings: ModelSettings;
  model: PoolModel;
  memory: ForecastMemory;
  savedAtMs: number;
  /** Since when history could not be read; it is asked again. 0 when nothing is missing. */
  historyMissingSinceMs: number;
}

export interface ModelStore {
  /** The model of a pool, from memory, from the cache, or learned from history. */
  of(pool: Pool, settings: ModelSettings): Promise<KeptModel>;
  /** Puts it into the cache when that was long ago. */
  save(kept: KeptModel): Promise<void>;
  forget(pool: string): Promise<void>;
  /** Rows older than what a model knows have come into history: it is learned anew beside the present one. */
  imported(pool: string, importedAt: string): void;
  /** Ends what is under way. */
  stop(): Promise<void>;
}

/** An import that does not end is learned from after so many times as long as one that has ended. */
const IMPORT_SETTLED_TRIES = 30;
/** How often what came in meanwhile is fetched before a new model gives up taking its place. */
const CATCH_UP_TRIES = 10;
const RETRY_HISTORY_MS = 60_000;
const CACHE_TTL_SEC = 30 * 86_400;

/**
 * Models in memory, backed by the cache, rebuilt from history. Each replica holds its own copy of every model: all of
 * them see the same observations, so all copies say the same, and none has to be fetched for every snapshot.
 */
export function createModelStore(context: ServiceContext, config: ForecasterConfig): ModelStore {
  const { bus, cache, clock, log } = context;
  const models = new Map<string, Promise<KeptModel>>();
  const cacheKey = (pool: string): string => `forecaster/model/${pool}`;

  /** The newest import into the history of each pool. */
  const imports = new Map<string, string>();
  /** Pools that are learned anew, or wait for it: one after another, because each takes a while of this process. */
  const relearning = new Set<string>();
  let relearned: Promise<void> = Promise.resolve();
  const stopping = new AbortController();

  const learn = (model: PoolModel, settings: ModelSettings): Promise<void> =>
    learnHistory(model, settings, {
      nowMs: () => clock.nowMs(),
      rest: () => clock.sleep(0, stopping.signal),
      read: async (page) => {
        const range = {
          pool: settings.pool,
          from: new Date(page.fromMs).toISOString(),
          to: new Date(page.toMs).toISOString(),
          every_s: page.everySec,
        };
        const actor = { id: context.name, kind: 'service' } as const;
        return everyItem(
          (at) => bus.request('load.history', { ...range, ...at }, { key: settings.pool, actor }),
          ({ points }) => points,
        );
      },
    });

  const importOf = (pool: string): string => imports.get(pool) ?? '';

  /** Waits until no further batch comes, and says which was the newest. */
  const settledImport = async (pool: string): Promise<string> => {
    let newest = importOf(pool);
    for (let tries = 0; tries < IMPORT_SETTLED_TRIES && !stopping.signal.aborted; tries++) {
      await clock.sleep(1000 * config.importSettledSec, stopping.signal);
      if (importOf(pool) === newest) break;
      newest = importOf(pool);
    }
    return newest;
  };

  const relearn = async (pool: string): Promise<void> => {
    const importedAt = await settledImport(pool);
    const kept = await models.get(pool);
    if (kept === undefined || kept.model.importedAt >= importedAt) return;
    const { settings } = kept;
    const fresh = { ...createPoolModel(settings), importedAt };
    for (let tries = 0; tries < CATCH_UP_TRIES && !stopping.signal.aborted; tries++) {
      await learn(fresh, settings);
      if (fresh.untilMs >= kept.model.untilMs) break;
    }
    if (stopping.signal.aborted || (await models.get(pool)) !== kept) return;
    if (fresh.untilMs < kept.model.untilMs) throw new CapacityError('unavailable', `history of ${pool} lags behind`);
    if (learningKey(kept.settings) !== learningKey(settings)) return;
    Object.assign(kept, { model: fresh, memory: {}, historyMissingSinceMs: 0, savedAtMs: clock.nowMs() });
    fresh.long.events = [...kept.settings.events];
    await cache.set(cacheKey(pool), packModel(fresh, kept.settings), { ttlSec: CACHE_TTL_SEC });
    log.info({ pool, imported_at: importedAt }, 'The model was learned anew from what was imported');
  };

  const relearnInTurn = (pool: string): void => {
    if (relearning.has(pool)) return;
    relearning.add(pool);
    relearned = relearned
      .then(async () => {
        while (!stopping.signal.aborted) {
          const kept = await models.get(pool);
          if (kept === undefined || kept.model.importedAt >= importOf(pool)) break;
          try {
            await relearn(pool);
          } catch (error) {
            log.warn({ error, pool }, 'what was imported could not be learned from yet; it is tried again');
            await clock.sleep(RETRY_HISTORY_MS, stopping.signal);
          }
        }
        relearning.delete(pool);
      })
      .catch((error: unknown) => {
        relearning.delete(pool);
        log.error({ error, pool }, 'the model could not be learned anew');
      });
  };

  const load = async (settings: ModelSettings): Promise<KeptModel> => {
    const bytes = await cache.get(cacheKey(settings.pool)).catch((error: unknown) => {
      log.warn({ error, pool: settings.pool }, 'the cache cannot be read; the model is learned from history');
      return undefined;
    });
    const known = bytes && unpackModel(bytes, settings);
    const kept: KeptModel = {
      settings,
      model: known ?? createPoolModel(settings),
      memory: {},
      savedAtMs: clock.nowMs(),
      historyMissingSinceMs: 0,
    };
    await fillFromHistory(kept);
    if (kept.model.importedAt < importOf(settings.pool)) relearnInTurn(settings.pool);
    return kept;
  };

  const fillFromHistory = async (kept: KeptModel): Promise<void> => {
    // Learned on the side: history and news must not mix while answers are on their way.
    const copy =
      kept.model.untilMs === 0
        ? { ...createPoolModel(kept.settings), importedAt: importOf(kept.settings.pool) }
        : unpackModel(packModel(kept.model, kept.settings), kept.settings);
    if (copy === undefined) return;
    const before = kept.model;
    try {
      await learn(copy, kept.settings);
      kept.historyMissingSinceMs = 0;
      // What came in meanwhile is older than what history ends with, or follows with the next snapshot.
      if (kept.model === before && copy.untilMs >= before.untilMs) kept.model = copy;
    } catch (error) {
      log.warn({ error, pool: kept.settings.pool }, 'history cannot be read yet; the model starts without it');
      kept.historyMissingSinceMs = clock.nowMs();
    }
  };

  return {
    of: async (pool, settings) => {
      const known = await models.get(pool.id);
      if (known !== undefined && learningKey(known.settings) === learningKey(settings)) {
        known.settings = settings;
        known.model.long.events = [...settings.events];
        const { historyMissingSinceMs: sinceMs } = known;
        if (sinceMs > 0 && clock.nowMs() - sinceMs >= RETRY_HISTORY_MS) {
          known.historyMissingSinceMs = clock.nowMs();
          // What was learned without history is left behind: history holds it too.
          const fresh = { ...known, model: createPoolModel(settings), memory: {} };
          await fillFromHistory(fresh);
          if (fresh.historyMissingSinceMs === 0) {
            known.historyMissingSinceMs = 0;
            if (fresh.model.untilMs >= known.model.untilMs) Object.assign(known, { model: fresh.model, memory: {} });
          }
        }
        return known;
      }
      const loading = load(settings);
      models.set(pool.id, loading);
      loading.catch(() => models.delete(pool.id));
      return loading;
    },
    save: async (kept) => {
      if (clock.nowMs() - kept.savedAtMs < config.saveEverySec * 1000) return;
      // A model that lacks its history must not take the place of one that has it.
      if (kept.historyMissingSinceMs > 0) return;
      kept.savedAtMs = clock.nowMs();
      await cache.set(cacheKey(kept.settings.pool), packModel(kept.model, kept.settings), { ttlSec: CACHE_TTL_SEC });
    },
    imported: (pool, importedAt) => {
      if (importedAt <= importOf(pool)) return;
      imports.set(pool, importedAt);
      if (models.has(pool)) relearnInTurn(pool);
    },
    stop: async () => {
      stopping.abort();
      await relearned;
    },
    forget: async (pool) => {
      models.delete(pool);
      imports.delete(pool);
      await cache.remove(cacheKey(pool));
    },
  };
}
