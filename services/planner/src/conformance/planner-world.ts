import {
  CapacityError,
  type EventType,
  isCapacityError,
  type Plan,
  type ReplyData,
  type RequestData,
  type RequestName,
  type Rollout,
  type Snapshot,
  systemKey,
} from '@capplan/contracts';
import type { DecisionInput } from '@capplan/planning';
import { createRandomStream } from '@capplan/random';
import {
  createMemoryBackend,
  createVirtualClock,
  type Faults,
  type MemoryContext,
  type Service,
} from '@capplan/runtime';
import Value from 'typebox/value';
import { createNoneTrials } from '../adapters/none-trials.ts';
import { PlannerConfig } from '../config.ts';
import type { Trials } from '../ports.ts';
import { createPlanner } from '../service.ts';
import { samplePolicy, samplePool, sampleSnapshot, scriptedCore, startMs } from './samples.ts';

export const plannerConfig = Value.Create(PlannerConfig) as PlannerConfig;
export const ada = { id: 'ada', kind: 'user' as const, second_factor: true };
export const pool = 'shop/checkout';

interface World {
  wish: (input: DecisionInput) => number | { workers: number; hold?: never; confidence?: number };
  auditIsUp: boolean;
  /** What the executor says of the pool's workers; undefined: it is away. */
  workers: number | undefined;
  audited: string[];
  /** What the executor takes; undefined: it does not say. */
  caps: ReplyData<'executor.caps'> | undefined;
}

/** A planner in the memory world, with an audit log that a test can silence and a decision core that it scripts. */
export async function openPlannerWorld(
  options: { faults?: Faults; seed?: number; mode?: 'auto' | 'manual' | 'advisory'; trials?: Trials } = {},
) {
  const clock = createVirtualClock({ startMs });
  const backend = createMemoryBackend({ clock, random: createRandomStream(options.seed ?? 1) });
  const world: World = { wish: () => 4, auditIsUp: true, workers: 0, audited: [], caps: undefined };
  const helper = backend.context('helper');
  await clock.waitFor(
    helper.bus.respond('audit.append', async ({ data }) => {
      if (!world.auditIsUp) throw new Error('down');
      if (!world.audited.includes(data.id)) world.audited.push(data.id);
      return { id: data.id, sequence: world.audited.indexOf(data.id) + 1, hash: 'a'.repeat(64) };
    }),
  );
  await clock.waitFor(
    helper.bus.respond('pool.workers', async () => {
      if (world.workers === undefined) throw new CapacityError('unavailable', 'the actuator cannot be reached');
      return { workers: world.workers, ready: world.workers };
    }),
  );
  await clock.waitFor(
    helper.bus.respond('executor.caps', async () => {
      if (world.caps === undefined) throw new CapacityError('unavailable', 'the executor is away');
      return world.caps;
    }),
  );
  const replicas: { context: MemoryContext; service: Service }[] = [];
  const launch = async (instance: string) => {
    const context = backend.context('planner', instance);
    const planning = scriptedCore((input) => world.wish(input));
    const service = createPlanner(context, plannerConfig, { planning, trials: options.trials ?? createNoneTrials() });
    replicas.push({ context, service });
    await clock.waitFor(service.start());
    return { context, service };
  };
  await launch('a');
  let commands = 0;
  const ask = async <N extends RequestName>(
    name: N,
    data: RequestData<N>,
    actor: object = ada,
    id = `cmd-${++commands}`,
  ) => {
    const key = name.startsWith('policy') ? systemKey('default') : pool;
    return clock.waitFor(helper.bus.request(name, data, { key, actor: actor as never, id }));
  };
  const refusal = async (promise: Promise<unknown>): Promise<string> => {
    try {
      await promise;
    } catch (error) {
      if (isCapacityError(error)) return error.code;
      throw error;
    }
    return 'allowed';
  };
  await ask('policy.put', { policy: samplePolicy({ mode: options.mode ?? 'auto' }), must: 'create' });
  await ask('pool.put', { pool: samplePool() });
  await clock.advance(1000);
  if (options.faults) backend.setFaults(options.faults);
  const observe = async (workers: number, change: Partial<Snapshot> = {}) => {
    const snapshot = sampleSnapshot(clock.nowMs(), workers, change);
    await clock.waitFor(
      helper.bus.publish({ type: 'load.observed', key: snapshot.pool, data: snapshot, cause: snapshot.timestamp }),
    );
    return snapshot;
  };
  const tell = async (rollout: Rollout) => {
    const type = (rollout.status === 'running' ? 'rollout.started' : `rollout.${rollout.status}`) as 'rollout.finished';
    await clock.waitFor(
      helper.bus.publish({ type, key: pool, data: rollout, cause: `${rollout.id}:${rollout.status}` }),
    );
  };
  const told = (type: EventType) =>
    backend
      .messages('events')
      .filter((message) => message.type === type)
      .map(({ envelope }) => (envelope as { data: Plan }).data);
  const plans = async () => (await ask('plan.list', { pool })).plans;
  return { clock, backend, world, helper, launch, ask, refusal, observe, tell, told, plans, replicas };
}
