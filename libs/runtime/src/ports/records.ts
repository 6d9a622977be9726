import type { Subscription } from './bus.ts';

export interface StoredRecord<T> {
  key: string;
  value: T;
  /** Grows with every write to the bucket. */
  revision: number;
}

export interface RecordChange<T> {
  key: string;
  /** Undefined when the record was removed. */
  value: T | undefined;
  revision: number;
}

/**
 * Records owned by one service, with compare-and-set. Keys are `<namespace>/<name>`.
 *
 * `create` and `update` throw `conflict` when somebody else was first, and `unavailable` when the store cannot be
 * reached; after `unavailable` a write may or may not have happened: read before trying again. What is larger than a
 * message may be (1 MiB on a server as it comes) is `too_large`, and is not written.
 */
export interface Records<T> {
  get(key: string): Promise<StoredRecord<T> | undefined>;
  /** Returns the new revision. */
  create(key: string, value: T): Promise<number>;
  update(key: string, value: T, revision: number): Promise<number>;
  remove(key: string, revision: number): Promise<void>;
  list(): Promise<StoredRecord<T>[]>;
  /**
   * Every write to the bucket in order, at least once, shared by the replicas of a service: how a change of a record
   * becomes an event that cannot be lost. A handler that throws gets the same change again before any later one.
   */
  relay(durable: string, handler: (change: RecordChange<T>) => Promise<void>): Promise<Subscription>;
  /** The present records, then every change, for this replica alone. Resolves when the present state has been handed over. */
  watch(handler: (change: RecordChange<T>) => void): Promise<Subscription>;
}
