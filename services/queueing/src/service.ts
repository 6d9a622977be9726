import {
  CapacityError,
  type Forecast,
  type Policy,
  type Pool,
  type Requirement,
  type Snapshot,
} from '@capplan/contracts';
import type { ServiceDistribution } from '@capplan/queueing';
import { createPoolGuard, type Service, type ServiceContext, type Subscription } from '@capplan/runtime';
import type { QueueingConfig } from './config.ts';
import { createStepSizer, type StepSizer, sizePool } from './decide.ts';
import type { QueueingPorts } from './ports.ts';
import { isSameService, serviceTimeOf } from './service-time.ts';

interface Basis {
  pool: Pool;
  policy: Policy;
  snapshot: Snapshot;
  service: ServiceDistribution | undefined;
  sizer?: StepSizer;
}

/**
 * The queueing service: snapshots and forecasts in, `capacity.sized` out.
 *
 * Views of pools, policies, snapshots and forecasts are each replica's own and rebuilt from the bus. The shared durables
 * only say whose turn it is; a repeated message gives the same requirement under the same id.
 */
export function createQueueing(context: ServiceContext, config: QueueingConfig, _ports: QueueingPorts = {}): Service {
  const { bus, log } = context;
  const guard = createPoolGuard(context);
  const pools = new Map<string, Pool>();
  const policies = new Map<string, Policy>();
  const snapshots = new Map<string, Snapshot>();
  const forecasts = new Map<string, Forecast>();
  const bases = new Map<string, Basis>();
  const subscriptions: Subscription[] = [];
  const sized = context.metrics.counter('capacity_planner_requirements_total', 'Requirements', ['feasible']);
  const took = context.metrics.histogram(
    'capacity_planner_sizing_duration_seconds',
    'Time to size one pool',
    [],
    [0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5],
  );

  /** Service times and what was sized with them, kept while neither they nor the pool nor its policy change. */
  const basisOf = (pool: Pool, policy: Policy, snapshot: Snapshot): Basis => {
    const known = bases.get(pool.id);
    if (known?.pool === pool && known.policy === policy && isSameService(known.snapshot, snapshot)) return known;
    const service = serviceTimeOf(snapshot, pool, { samplesMin: config.serviceSamplesMin });
    const basis: Basis = {
      pool,
      policy,
      snapshot,
      service,
      ...(service !== undefined && { sizer: createStepSizer({ pool, policy, service }) }),
    };
    bases.set(pool.id, basis);
    return basis;
  };

  const requirementOf = (poolId: string): { requirement: Requirement; snapshot: Snapshot } | undefined => {
    const pool = pools.get(poolId);
    const policy = pool && policies.get(pool.policy_id);
    const snapshot = snapshots.get(poolId);
    if (pool === undefined || policy === undefined || snapshot === undefined) return undefined;
    const startMs = context.clock.nowMs();
    const basis = basisOf(pool, policy, snapshot);
    const requirement = sizePool({ ...basis, snapshot, forecast: forecasts.get(poolId) }, config);
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
          guard.forget(data.id);
          for (const view of [pools, snapshots, forecasts, bases]) view.delete(data.id);
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
          await guard.run(envelope.data.pool, () => say(envelope.data.pool, envelope.id));
        }),
        await bus.consume('forecast.made', { durable: 'queueing-forecast', from: 'new' }, async ({ envelope }) => {
          keepForecast(envelope.data);
          await guard.run(envelope.data.pool, () => say(envelope.data.pool, envelope.id));
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
