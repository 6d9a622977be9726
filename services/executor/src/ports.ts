import type { Pool } from '@capplan/contracts';

/** What is there now. */
export interface ActualWorkers {
  /** Workers that are meant to be there; those told to leave do not count. */
  workers: number;
  /** Of these, how many can take jobs. */
  ready: number;
  /** Who else sets this pool's count, when somebody does. */
  owner?: string;
}

export type SetWorkersOutcome =
  | { ok: true; workers: number }
  /** `stale_token`: somebody with a newer lease has acted. `owned_elsewhere`: another controller sets the count. */
  | { ok: false; reason: 'stale_token' | 'owned_elsewhere' | 'not_offered'; detail: string };

/**
 * What starts and stops the workers of a pool. Throws `unavailable` when it cannot reach them.
 *
 * `setWorkers` names the wanted count, not a difference: saying it twice changes nothing the second time. It refuses a
 * fencing token smaller than the newest that it has seen for the pool.
 */
export interface Actuator {
  current(pool: Pool): Promise<ActualWorkers>;
  setWorkers(order: { pool: Pool; workers: number; fencingToken: number }): Promise<SetWorkersOutcome>;
  /** Ends what it keeps running for itself; the workers stay unless the adapter owns them alone. */
  close?(): Promise<void>;
}

/** The actuator of each kind that a pool may name. */
export type Actuators = Record<Pool['actuator']['kind'], Actuator>;
