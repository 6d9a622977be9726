/** Bytes by key, in Redis. Only what can be rebuilt, or what its owner keeps packed there. */
export interface Cache {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array, options?: { ttlSec?: number }): Promise<void>;
  remove(key: string): Promise<void>;
  /**
   * Changes a value only where it is what one thinks: `undefined` stands for no value. Of several that try at once,
   * one succeeds. True when the key now holds `to`, also when it did before; so trying again is harmless, and a value
   * swapped for itself lives on for another `ttlSec`.
   */
  swap(
    key: string,
    change: { from: Uint8Array | undefined; to: Uint8Array | undefined },
    options?: { ttlSec?: number },
  ): Promise<boolean>;
}

/** A right to act alone for a while. */
export interface Lease {
  name: string;
  holder: string;
  /** Grows with every new holder; whoever carries a smaller one is refused. */
  fencingToken: number;
}

export interface Leases {
  /**
   * Undefined while somebody else holds it. The holder itself gets its lease again, with the same token.
   *
   * @param options.above the token must be larger than this, which somebody has seen: a store that lost its newest
   *   writes goes on from there. A lease of the holder's own with a smaller token is given anew.
   */
  acquire(name: string, options: { holder: string; ttlMs: number; above?: number }): Promise<Lease | undefined>;
  /** False when it has been lost. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  release(lease: Lease): Promise<void>;
  /** Whether this token is still the newest one handed out under the name. */
  isCurrent(lease: Lease): Promise<boolean>;
}
