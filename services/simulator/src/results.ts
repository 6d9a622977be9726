import { createHash } from 'node:crypto';
import { CapacityError, type Simulation, timestamp } from '@capplan/contracts';
import type { Cache, Clock } from '@capplan/runtime';
import { canonicalText } from './decide.ts';
import { fitSimulation } from './fit-simulation.ts';
import type { SimulationTask } from './ports.ts';

export interface Results {
  /** The id under which the answer to this task is or will be kept: equal tasks, equal ids. */
  idOf(task: SimulationTask): string;
  find(id: string): Promise<Simulation | undefined>;
  /** Keeps an answer, and gives it back as it is kept: what is too large for a message is shortened. */
  keep(task: SimulationTask, result: unknown): Promise<Simulation>;
}

/** So many of the newest results are kept, and so many bytes of them together. */
export interface ResultBounds {
  countMax: number;
  bytesMax: number;
}

export const resultBounds: ResultBounds = { countMax: 2_000, bytesMax: 268_435_456 };
/** The list of what is kept, oldest first: pairs of id and bytes. */
const listKey = 'simulator:results';
type KeptList = [id: string, bytes: number][];
/** Several keep a result at once; what is not listed ends with its time. */
const listTriesMax = 8;

/** Results by id. They are a cache: what has gone is computed again. */
export function createResults({
  cache,
  clock,
  keepSec,
  countMax,
  bytesMax,
}: { cache: Cache; clock: Clock; keepSec: number } & ResultBounds): Results {
  const hashOf = (task: SimulationTask) => createHash('sha256').update(canonicalText(task)).digest('hex');
  const idOf = (task: SimulationTask) => `${task.kind === 'simulate' ? 'sim' : 'cmp'}-${hashOf(task).slice(0, 24)}`;
  const keyOf = (id: string) => `simulator:result:${id}`;

  /** Enters a result into the list; the oldest ones make room. */
  const enter = async (id: string, bytes: number): Promise<void> => {
    for (let tries = 0; tries < listTriesMax; tries++) {
      const from = await cache.get(listKey);
      const list = readList(from).filter(([other]) => other !== id);
      list.push([id, bytes]);
      let total = list.reduce((sum, [, size]) => sum + size, 0);
      const gone: string[] = [];
      while (list.length > 1 && (list.length > countMax || total > bytesMax)) {
        const [oldest, size] = list.shift() as KeptList[number];
        gone.push(oldest);
        total -= size;
      }
      if (!(await cache.swap(listKey, { from, to: Buffer.from(JSON.stringify(list)) }, { ttlSec: keepSec }))) continue;
      await Promise.all(gone.map((other) => cache.remove(keyOf(other))));
      return;
    }
  };

  return {
    idOf,
    find: async (id) => {
      const kept = await cache.get(keyOf(id));
      // What was kept before there was a bound may be larger.
      return kept && fitSimulation(JSON.parse(Buffer.from(kept).toString('utf8')) as Simulation);
    },
    keep: async (task, result) => {
      const simulation = fitSimulation({
        id: idOf(task),
        status: 'done',
        created_at: timestamp(clock.nowMs()),
        request_hash: hashOf(task),
        request: task.kind === 'simulate' ? task.scenario : task.scenarios,
        result,
      });
      const bytes = Buffer.from(JSON.stringify(simulation));
      await enter(simulation.id, bytes.length);
      await cache.set(keyOf(simulation.id), bytes, { ttlSec: keepSec });
      return simulation;
    },
  };
}

function readList(bytes: Uint8Array | undefined): KeptList {
  return bytes === undefined ? [] : (JSON.parse(Buffer.from(bytes).toString('utf8')) as KeptList);
}

export function notKept(id: string): CapacityError {
  const said = `there is no simulation ${id}; the newest ${resultBounds.countMax} results are kept, for 7 days`;
  return new CapacityError('not_found', said);
}
