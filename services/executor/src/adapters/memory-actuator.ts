import { CapacityError, durationSec, type Pool } from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';
import type { Actuator } from '../ports.ts';

export interface MemoryActuator extends Actuator {
  /** Every change of the wanted count that was really made, in order. */
  readonly changes: { pool: string; from: number; to: number; fencingToken: number; timeMs: number }[];
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
  /** When each worker is ready; those told to leave are taken off the end. */
  readyAtMs: number[];
  newestToken: number;
  owner: string | undefined;
}

/** Workers that exist in memory only, and take the pool's start-up delay under the given clock. */
export function createMemoryActuator(clock: Clock): MemoryActuator {
  const fleets = new Map<string, Fleet>();
  const changes: MemoryActuator['changes'] = [];
  let orders = 0;
  let reachable = true;
  let stuck = false;

  const fleetOf = (pool: string): Fleet => {
    const fleet = fleets.get(pool) ?? { readyAtMs: [], newestToken: 0, owner: undefined };
    fleets.set(pool, fleet);
    return fleet;
  };
  const need = () => {
    if (!reachable) throw new CapacityError('unavailable', 'the actuator cannot be reached');
  };

  return {
    changes,
    get orders() {
      return orders;
    },
    async current(pool) {
      need();
      const { readyAtMs, owner } = fleetOf(pool.id);
      const ready = readyAtMs.filter((ms) => ms <= clock.nowMs()).length;
      return { workers: readyAtMs.length, ready, ...(owner === undefined ? {} : { owner }) };
    },
    async setWorkers({ pool, workers, fencingToken }) {
      need();
      orders += 1;
      const fleet = fleetOf(pool.id);
      if (fleet.owner !== undefined) return { ok: false, reason: 'owned_elsewhere', detail: fleet.owner };
      if (fencingToken < fleet.newestToken) {
        return { ok: false, reason: 'stale_token', detail: `${fencingToken} is older than ${fleet.newestToken}` };
      }
      fleet.newestToken = fencingToken;
      const from = fleet.readyAtMs.length;
      if (workers === from) return { ok: true, workers };
      changes.push({ pool: pool.id, from, to: workers, fencingToken, timeMs: clock.nowMs() });
      const readyAt = stuck ? Number.POSITIVE_INFINITY : clock.nowMs() + startupMs(pool);
      while (fleet.readyAtMs.length < workers) fleet.readyAtMs.push(readyAt);
      fleet.readyAtMs.length = workers;
      return { ok: true, workers };
    },
    place(pool, workers) {
      fleetOf(pool).readyAtMs = Array.from({ length: workers }, () => Number.NEGATIVE_INFINITY);
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

function startupMs(pool: Pool): number {
  return 1000 * durationSec(pool.startup_delay);
}
