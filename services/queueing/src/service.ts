import {
  CapacityError,
  type Forecast,
  type Policy,
  type Pool,
  type Requirement,
  type Snapshot,
} from '@capplan/contracts';
import type { ServiceDistribution } from '@capplan/queueing';
import type { Service, ServiceContext, Subscription } from '@capplan/runtime';
import type { QueueingConfig } from './config.ts';
import { sizePool } from './decide.ts';
import type { QueueingPorts } from './ports.ts';
import { isSameService, serviceTimeOf } from './service-time.ts';

/**
 * The queueing service: snapshots and forecasts in, `capacity.sized` out.
 *
 * Views of pools, policies, snapshots and forecasts are each replica's own and rebuilt from the bus. The shared durables
 * only say whose turn it is; a repeated message gives the same requirement under the same id.
 */
export function createQueueing(context: ServiceContext, config: QueueingConfig, _ports: QueueingPorts = {}): Service {
  const { bus, log } = context;
  const pools = new Map<string, Pool>();
  const policies = new Map<string, Policy>();
  const snapshots = new Map<string, Snapshot>();
  const forecasts = new Map<string, Forecast>();
  const services = new Map<string, { snapshot: Snapshot; service: ServiceDistribution | undefined }>();
  const subscriptions: Subscription[] = [];
  const sized = context.metrics.counter('capacity_planner_requirements_total', 'Requirements', ['feasible']);
  const took = context.metrics.histogram(
    'capacity_planner_sizing_duration_seconds',
    'Time to size one pool',
    [],
    [0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5],
  );

  const serviceOf = (snapshot: Snapshot, pool: Pool): ServiceDistribution | undefined => {
    const known = services.get(pool.id);
    if (known !== undefined && isSameService(known.snapshot, snapshot)) return known.service;
    const service = serviceTimeOf(snapshot, pool, { samplesMin: config.service_samples_min });
    services.set(pool.id, { snapshot, service });
    return service;
  };

  const requirementOf = (poolId: string): { requirement: Requirement; snapshot: Snapshot } | undefined => {
    const pool = pools.get(poolId);
    const policy = pool && policies.get(pool.policy_id);
    const snapshot = snapshots.get(poolId);
    if (pool === undefined || policy === undefined || snapshot === undefined) return undefined;
    const startMs = context.clock.nowMs();
    const input = { pool, policy, snapshot, forecast: forecasts.get(poolId), service: serviceOf(snapshot, pool) };
    const requirement = sizePool(input, config);
    took.observe((context.clock.nowMs() - startMs) / 1000);
    return requirement && { requirement, snapshot };
  };

  const keepSnapshot = (snapshot: Snapshot): void => {
    const known = snapshots.get(snapshot.pool);
    if (known === undefined || known.timestamp <= snapshot.timestamp) snapshots.set(snapshot.pool, snapshot);
  };
  const keepForecast = (forecast: Forecast): void => {
    const known = forecasts.get(forecast.pool);
    if (known === undefined || known.made_at <= forecast.made_at) forecasts.set(forecast.pool, forecast);
  };

  const say = async (poolId: string, causationId: string): Promise<void> => {
    const answer = requirementOf(poolId);
    if (answer === undefined) {
      log.debug({ pool: poolId }, 'not sized: its pool, policy, measurements or service times are not known yet');
      return;
    }
    const { requirement, snapshot } = answer;
    // The same snapshot with the same forecast is the same requirement, whoever works it out.
    const cause = `${snapshot.timestamp}|${forecasts.get(poolId)?.made_at ?? 'none'}`;
    await bus.publish({ type: 'capacity.sized', key: poolId, data: requirement, cause, causationId });
    sized.add({ feasible: String(requirement.feasible) });
  };

  return {
    name: 'queueing',
    start: async () => {
      subscriptions.push(
        await bus.follow('pool.changed', ({ envelope: { data } }) => {
          if (data.pool !== null) return void pools.set(data.id, data.pool);
          for (const view of [pools, snapshots, forecasts, services]) view.delete(data.id);
        }),
        await bus.follow('policy.changed', ({ envelope: { data } }) => {
          if (data.policy === null) policies.delete(data.id);
          else policies.set(data.id, data.policy);
        }),
        await bus.follow('load.observed', ({ envelope: { data } }) => keepSnapshot(data)),
        await bus.follow('forecast.made', ({ envelope: { data } }) => keepForecast(data)),
      );
      subscriptions.push(
        await bus.consume('load.observed', { durable: 'queueing-load', from: 'new' }, async ({ envelope }) => {
          keepSnapshot(envelope.data);
          await say(envelope.data.pool, envelope.id);
        }),
        await bus.consume('forecast.made', { durable: 'queueing-forecast', from: 'new' }, async ({ envelope }) => {
          keepForecast(envelope.data);
          await say(envelope.data.pool, envelope.id);
        }),
        await bus.respond('requirement.get', async ({ data }) => {
          if (!pools.has(data.pool)) throw new CapacityError('not_found', `there is no pool ${data.pool}`);
          const answer = requirementOf(data.pool);
          if (answer === undefined) {
            throw new CapacityError(
              'not_enough_data',
              `${data.pool}: no measurement, no policy or no service time yet`,
            );
          }
          return answer.requirement;
        }),
      );
    },
    stop: async () => {
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
