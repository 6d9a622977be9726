import { createHash } from 'node:crypto';
import { CapacityError, type Simulation, timestamp } from '@capplan/contracts';
import type { Cache, Clock } from '@capplan/runtime';
import { canonicalText } from './decide.ts';
import type { SimulationTask } from './ports.ts';

export interface Results {
  /** The id under which the answer to this task is or will be kept: equal tasks, equal ids. */
  idOf(task: SimulationTask): string;
  find(id: string): Promise<Simulation | undefined>;
  keep(task: SimulationTask, result: unknown): Promise<Simulation>;
}

/** Results by id. They are a cache: what has gone is computed again. */
export function createResults({ cache, clock, keepSec }: { cache: Cache; clock: Clock; keepSec: number }): Results {
  const hashOf = (task: SimulationTask) => createHash('sha256').update(canonicalText(task)).digest('hex');
  const idOf = (task: SimulationTask) => `${task.kind === 'simulate' ? 'sim' : 'cmp'}-${hashOf(task).slice(0, 24)}`;
  const keyOf = (id: string) => `simulator:result:${id}`;
  return {
    idOf,
    find: async (id) => {
      const kept = await cache.get(keyOf(id));
      return kept && (JSON.parse(Buffer.from(kept).toString('utf8')) as Simulation);
    },
    keep: async (task, result) => {
      const simulation: Simulation = {
        id: idOf(task),
        status: 'done',
        created_at: timestamp(clock.nowMs()),
        request_hash: hashOf(task),
        request: task.kind === 'simulate' ? task.scenario : task.scenarios,
        result,
      };
      await cache.set(keyOf(simulation.id), Buffer.from(JSON.stringify(simulation)), { ttlSec: keepSec });
      return simulation;
    },
  };
}

export function notKept(id: string): CapacityError {
  return new CapacityError('not_found', `there is no simulation ${id}; results are kept for 7 days`);
}
