import type { Pool } from '@capplan/contracts';

/** What is there now. */
export interface ActualWorkers {
  /** Workers that are meant to be there; those on their way out do not count. */
  workers: number;
  /** Of these, how many can take jobs. */
  ready: number;
  /** Who else sets this pool's count, when somebody does. */
  owner?: string;
}

export interface WorkerOrder {
  pool: Pool;
  workers: number;
  fencingToken: number;
  /** Slots that each worker keeps busy, as far as is known: who does nothing leaves first, see `leavingFirst`. */
  busySlots?: ReadonlyMap<string, number>;
  /** Milliseconds from the polite request to leave until the kill; the adapter's own when left out. */
  graceMs?: number;
}

export type SetWorkersOutcome =
  | { ok: true; workers: number }
  /** Somebody with a newer lease has acted, or the giver of leases has lost its newest tokens. */
  | { ok: false; reason: 'stale_token'; newestToken: number; detail: string }
  /** `owned_elsewhere`: another controller sets the count. */
  | { ok: false; reason: 'owned_elsewhere' | 'not_offered'; detail: string };

/** A pool of which an actuator keeps workers. */
export interface KeptPool {
  pool: string;
  /** Workers that run, those on their way out included. */
  running: number;
  /** Whether it was retired. */
  isRetired: boolean;
}

/**
 * What starts and stops the workers of a pool. Throws `unavailable` when it cannot reach them.
 *
 * `setWorkers` names the wanted count, not a difference: saying it twice changes nothing the second time. It refuses a
 * fencing token smaller than the newest that it has seen for the pool.
 */
export interface Actuator {
  /** False where no order is ever carried out; plans for pools of its kind are only shown. */
  readonly takesOrders?: boolean;
  current(pool: Pool): Promise<ActualWorkers>;
  setWorkers(order: WorkerOrder): Promise<SetWorkersOutcome>;
  /**
   * Lets go of a pool that is no more: its workers drain, and none is ever started again, until `setWorkers` names the
   * pool anew.
   */
  retire(order: { pool: string; fencingToken: number }): Promise<SetWorkersOutcome>;
  /** Every pool of which it keeps workers, whether anybody still knows the pool or not. */
  kept(): Promise<KeptPool[]>;
  /** Ends what it keeps running for itself; the workers stay unless the adapter owns them alone. */
  close?(): Promise<void>;
}

/** The actuator of each kind that a pool may name. */
export type Actuators = Record<Pool['actuator']['kind'], Actuator>;
