import type { Pool } from '@capplan/contracts';
import type { ServiceContext } from '@capplan/runtime';
import type { ForecasterConfig } from './config.ts';
import type { ForecastMemory } from './decide.ts';
import { historyPages } from './history-pages.ts';
import { learningKey, type ModelSettings } from './model-settings.ts';
import {
  createPoolModel,
  observationOfHistory,
  observe,
  type PoolModel,
  packModel,
  unpackModel,
} from './pool-model.ts';

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
}

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

  const learnHistory = async (model: PoolModel, settings: ModelSettings): Promise<void> => {
    for (const page of historyPages({ sinceMs: model.untilMs, nowMs: clock.nowMs() })) {
      const answer = await bus.request(
        'load.history',
        {
          pool: settings.pool,
          from: new Date(page.fromMs).toISOString(),
          to: new Date(page.toMs).toISOString(),
          every_s: page.everySec,
        },
        { key: settings.pool, actor: { id: context.name, kind: 'service' } },
      );
      for (const point of answer.points) {
        observe(model, observationOfHistory(point), { onlyLong: page.onlyLong });
      }
    }
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
    return kept;
  };

  const fillFromHistory = async (kept: KeptModel): Promise<void> => {
    // Learned on the side: history and news must not mix while answers are on their way.
    const copy =
      kept.model.untilMs === 0
        ? createPoolModel(kept.settings)
        : unpackModel(packModel(kept.model, kept.settings), kept.settings);
    if (copy === undefined) return;
    const before = kept.model;
    try {
      await learnHistory(copy, kept.settings);
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
    forget: async (pool) => {
      models.delete(pool);
      await cache.remove(cacheKey(pool));
    },
  };
}
