import {
  CapacityError,
  type Forecast,
  type Policy,
  type Pool,
  type Snapshot,
  startupDelaySec,
} from '@capplan/contracts';
import { forecastOf, modelSettings, observationOf, observe } from '@capplan/deciding';
import { createPoolGuard, type Service, type ServiceContext, type Subscription } from '@capplan/runtime';
import type { ForecasterConfig } from './config.ts';
import { createModelStore, type KeptModel } from './model-store.ts';
import type { ForecasterPorts } from './ports.ts';

/** A forecast is good for so long; who asks later gets a new one. */
const FORECAST_TTL_SEC = 900;

/**
 * The forecaster: snapshots in, `forecast.made` out, one per pool and snapshot.
 *
 * Every replica learns from every snapshot (`follow`), so that any of them can answer and none holds what another lacks.
 * Whose turn it is to publish, the shared durable says. A model is kept in the cache and filled up from history; a
 * snapshot that is not trusted is unknown to it, not zero.
 */
export function createForecaster(
  context: ServiceContext,
  config: ForecasterConfig,
  _ports: ForecasterPorts = {},
): Service {
  const { bus, cache, log } = context;
  const store = createModelStore(context, config);
  const guard = createPoolGuard(context);
  const pools = new Map<string, Pool>();
  const policies = new Map<string, Policy>();
  const subscriptions: Subscription[] = [];
  const made = context.metrics.counter('capacity_planner_forecasts_total', 'Forecasts published', ['trust']);

  const settingsOf = (pool: Pool, policy: Policy | undefined) =>
    modelSettings({ id: pool.id, startupDelaySec: startupDelaySec(pool) }, policy, config);

  const modelOf = (pool: Pool): Promise<KeptModel> => store.of(pool, settingsOf(pool, policies.get(pool.policy_id)));

  const learn = async (snapshot: Snapshot): Promise<KeptModel | undefined> => {
    const pool = pools.get(snapshot.pool);
    if (pool === undefined) return undefined;
    const kept = await modelOf(pool);
    observe(kept.model, observationOf(snapshot));
    return kept;
  };

  const publish = async (kept: KeptModel, causationId: string): Promise<void> => {
    const { settings, model, memory } = kept;
    const { horizonSec } = settings;
    const forecast = forecastOf(model, { settings, horizonSec }, memory);
    if (forecast === undefined) return;
    // As of the same observation it is the same forecast, whoever makes it.
    await bus.publish({
      type: 'forecast.made',
      key: settings.pool,
      data: forecast,
      cause: forecast.made_at,
      causationId,
    });
    made.add({ trust: forecast.trust.state });
    try {
      await store.save(kept);
      const bytes = new TextEncoder().encode(JSON.stringify(forecast));
      await cache.set(`forecaster/forecast/${settings.pool}`, bytes, { ttlSec: FORECAST_TTL_SEC });
    } catch (error) {
      log.warn({ error, pool: settings.pool }, 'the cache cannot be written; the next snapshot tries again');
    }
  };

  const answer = async (poolId: string, horizonSec: number | undefined): Promise<Forecast> => {
    const pool = pools.get(poolId);
    if (pool === undefined) throw new CapacityError('not_found', `there is no pool ${poolId}`);
    const { model, settings, memory } = await modelOf(pool);
    const asked = horizonSec ?? settings.horizonSec;
    const forecast = forecastOf(model, { settings, horizonSec: asked }, horizonSec === undefined ? memory : {});
    if (forecast !== undefined) return forecast;
    const bytes = await cache.get(`forecaster/forecast/${poolId}`);
    if (bytes !== undefined) return JSON.parse(new TextDecoder().decode(bytes)) as Forecast;
    throw new CapacityError('not_enough_data', `${poolId}: nothing has been measured yet`);
  };

  return {
    name: 'forecaster',
    start: async () => {
      subscriptions.push(
        await bus.follow('policy.changed', ({ envelope: { data } }) => {
          if (data.policy === null) policies.delete(data.id);
          else policies.set(data.id, data.policy);
        }),
        await bus.follow('pool.changed', async ({ envelope: { data } }) => {
          if (data.pool !== null) return void pools.set(data.id, data.pool);
          pools.delete(data.id);
          guard.forget(data.id);
          await store.forget(data.id);
        }),
        await bus.follow('history.imported', ({ envelope: { data } }) => {
          if (pools.has(data.pool)) store.imported(data.pool, data.imported_at);
        }),
        await bus.respond('forecast.get', ({ data }) => answer(data.pool, data.horizon_s)),
      );
      subscriptions.push(
        await bus.follow('load.observed', async ({ envelope: { data } }) => {
          await guard.run(data.pool, () => learn(data));
        }),
        await bus.consume('load.observed', { durable: 'forecaster', from: 'new' }, async ({ envelope }) => {
          await guard.run(envelope.data.pool, async () => {
            const kept = await learn(envelope.data);
            if (kept !== undefined) await publish(kept, envelope.id);
          });
        }),
      );
    },
    stop: async () => {
      await store.stop();
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
