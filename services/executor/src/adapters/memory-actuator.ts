import { CapacityError, startupDelaySec } from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';
import { leavingFirst } from '../decide/leaving-first.ts';
import type { Actuator, SetWorkersOutcome, WorkerOrder } from '../ports.ts';

export interface MemoryActuator extends Actuator {
  /** Every change of the wanted count that was really made, in order. */
  readonly changes: { pool: string; from: number; to: number; fencingToken: number; timeMs: number }[];
  /** Names of the workers of a pool, oldest first. */
  workersOf(pool: string): string[];
  /** Who was asked to leave, in order, and how long each has to finish its jobs. */
  readonly left: { worker: string; graceMs: number | undefined }[];
  /** Orders received, repeated ones included. */
  readonly orders: number;
  /** The count as somebody else would set it. */
  place(pool: string, workers: number): void;
  setOwner(pool: string, owner: string | undefined): void;
  /** While true, nothing answers. */
  setReachable(reachable: boolean): void;
  /** While true, new workers never become ready. */
  setStuck(stuck: boolean): void;
}

interface Fleet {
  /** When each worker is ready, oldest first; those asked to leave are taken out. */
  workers: { name: string; readyAtMs: number }[];
  nextNumber: number;
  newestToken: number;
  owner: string | undefined;
  isRetired: boolean;
}

interface ChangeFacts {
  fencingToken: number;
  startMs?: number;
}

/** Workers that exist in memory only, and take the pool's start-up delay under the given clock. */
export function createMemoryActuator(clock: Clock): MemoryActuator {
  const fleets = new Map<string, Fleet>();
  const changes: MemoryActuator['changes'] = [];
  const left: MemoryActuator['left'] = [];
  let orders = 0;
  let reachable = true;
  let stuck = false;

  const fleetOf = (pool: string): Fleet => {
    const fleet = fleets.get(pool) ?? {
      workers: [],
      nextNumber: 1,
      newestToken: 0,
      owner: undefined,
      isRetired: false,
    };
    fleets.set(pool, fleet);
    return fleet;
  };
  const add = (pool: string, readyAtMs: number): void => {
    const fleet = fleetOf(pool);
    fleet.workers.push({ name: `${pool.replaceAll('/', '-')}-${fleet.nextNumber++}`, readyAtMs });
  };
  const need = () => {
    if (!reachable) throw new CapacityError('unavailable', 'the actuator cannot be reached');
  };

  const change = (
    pool: string,
    workers: number,
    { fencingToken, startMs = 0, busySlots = new Map(), graceMs }: Partial<WorkerOrder> & ChangeFacts,
  ): SetWorkersOutcome => {
    const fleet = fleetOf(pool);
    if (fleet.owner !== undefined) return { ok: false, reason: 'owned_elsewhere', detail: fleet.owner };
    if (fencingToken < fleet.newestToken) {
      const detail = `${fencingToken} is older than ${fleet.newestToken}`;
      return { ok: false, reason: 'stale_token', newestToken: fleet.newestToken, detail };
    }
    fleet.newestToken = fencingToken;
    const from = fleet.workers.length;
    if (workers === from) return { ok: true, workers };
    changes.push({ pool, from, to: workers, fencingToken, timeMs: clock.nowMs() });
    const readyAtMs = stuck ? Number.POSITIVE_INFINITY : clock.nowMs() + startMs;
    while (fleet.workers.length < workers) add(pool, readyAtMs);
    const names = fleet.workers.map(({ name }) => name);
    const leaving = leavingFirst(names, busySlots).slice(0, fleet.workers.length - workers);
    left.push(...leaving.map((worker) => ({ worker, graceMs })));
    fleet.workers = fleet.workers.filter(({ name }) => !leaving.includes(name));
    return { ok: true, workers };
  };

  return {
    changes,
    left,
    workersOf: (pool) => fleetOf(pool).workers.map(({ name }) => name),
    get orders() {
      return orders;
    },
    async current(pool) {
      need();
      const { workers, owner } = fleetOf(pool.id);
      const ready = workers.filter(({ readyAtMs }) => readyAtMs <= clock.nowMs()).length;
      return { workers: workers.length, ready, ...(owner === undefined ? {} : { owner }) };
    },
    async setWorkers({ pool, workers, ...order }) {
      need();
      orders += 1;
      const outcome = change(pool.id, workers, { ...order, startMs: 1000 * startupDelaySec(pool) });
      if (outcome.ok) fleetOf(pool.id).isRetired = false;
      return outcome;
    },
    async retire({ pool, fencingToken }) {
      need();
      const outcome = change(pool, 0, { fencingToken });
      if (outcome.ok) fleetOf(pool).isRetired = true;
      return outcome;
    },
    async kept() {
      need();
      return [...fleets].map(([pool, { workers, isRetired }]) => ({ pool, running: workers.length, isRetired }));
    },
    place(pool, workers) {
      fleetOf(pool).workers = [];
      while (fleetOf(pool).workers.length < workers) add(pool, Number.NEGATIVE_INFINITY);
    },
    setOwner(pool, owner) {
      fleetOf(pool).owner = owner;
    },
    setReachable(value) {
      reachable = value;
    },
    setStuck(value) {
      stuck = value;
    },
  };
}
