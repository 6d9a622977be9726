import type { Subscription } from './bus.ts';

export interface StoredRecord<T> {
  key: string;
  value: T;
  /** Grows with every write to the bucket. */
  revision: number;
}

/** A record that does not fit its schema: written by another version, or not by us. It can be replaced and removed at its revision. */
export interface UnreadableRecord {
  key: string;
  value: undefined;
  revision: number;
  /** Which field does not fit, and why. */
  unreadable: string;
}

export interface RecordChange<T> {
  key: string;
  /** Undefined when the record was removed or, for a watcher, cannot be read any more. */
  value: T | undefined;
  revision: number;
}

/**
 * Records owned by one service, with compare-and-set. Keys are `<namespace>/<name>`.
 *
 * A record that cannot be read costs nobody but those who ask for it: everything else goes past it. It is logged once
 * a revision, counted, and named in the health of the service.
 *
 * `create` and `update` throw `conflict` when somebody else was first, and `unavailable` when the store cannot be
 * reached; after `unavailable` a write may or may not have happened: read before trying again. What is larger than a
 * message may be (1 MiB on a server as it comes) is `too_large`, and is not written.
 */
export interface Records<T> {
  /** Throws `unreadable_record`, with record, revision and field, when there is one that cannot be read. */
  get(key: string): Promise<StoredRecord<T> | undefined>;
  /** The same, with an unreadable record as a value: for whoever puts another in its place or removes it. */
  find(key: string): Promise<StoredRecord<T> | UnreadableRecord | undefined>;
  /** Returns the new revision. */
  create(key: string, value: T): Promise<number>;
  update(key: string, value: T, revision: number): Promise<number>;
  remove(key: string, revision: number): Promise<void>;
  /** The present records that can be read. */
  list(): Promise<StoredRecord<T>[]>;
  /**
   * Every write to the bucket in order, at least once, shared by the replicas of a service: how a change of a record
   * becomes an event that cannot be lost. A handler that throws gets the same change again before any later one.
   * Unreadable ones are left out. Older revisions of a record go once every relay is past them, so that a relay of a
   * new name begins with the present records.
   */
  relay(durable: string, handler: (change: RecordChange<T>) => Promise<void>): Promise<Subscription>;
  /**
   * The present records, then every change, for this replica alone. Resolves when the present state has been handed
   * over. A change whose handler throws is logged and left out.
   */
  watch(handler: (change: RecordChange<T>) => Promise<void> | void): Promise<Subscription>;
}
