import type { SchedulingClock } from '../clock/scheduling-clock.ts';
import type { Cache, Leases } from '../ports/cache.ts';
import type { MemoryLink } from './memory-link.ts';

/** What all replicas find in the cache, and who holds which lease. */
export interface MemoryCacheStore {
  values: Map<string, { bytes: Uint8Array; expiresMs: number }>;
  leases: Map<string, { holder: string; fencingToken: number; expiresMs: number }>;
  newestTokens: Map<string, number>;
}

export function createMemoryCacheStore(): MemoryCacheStore {
  return { values: new Map(), leases: new Map(), newestTokens: new Map() };
}

export function createMemoryCache(store: MemoryCacheStore, link: MemoryLink, clock: SchedulingClock): Cache {
  const faults = { before: 'failCache' } as const;
  const present = (key: string): Uint8Array | undefined => {
    const found = store.values.get(key);
    if (!found) return undefined;
    if (found.expiresMs > clock.nowMs()) return found.bytes;
    store.values.delete(key);
    return undefined;
  };
  const keep = (key: string, value: Uint8Array, ttlSec: number | undefined): void => {
    const expiresMs = ttlSec === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() + ttlSec * 1000;
    store.values.set(key, { bytes: Uint8Array.from(value), expiresMs });
  };
  return {
    get: (key) =>
      link.operate(() => {
        const found = present(key);
        return found && Uint8Array.from(found);
      }, faults),
    set: (key, value, { ttlSec } = {}) => link.operate(() => keep(key, value, ttlSec), faults),
    swap: (key, { from, to }, { ttlSec } = {}) =>
      link.operate(() => {
        const found = present(key);
        if (!isSame(found, from) && !isSame(found, to)) return false;
        if (to === undefined) store.values.delete(key);
        else keep(key, to, ttlSec);
        return true;
      }, faults),
    remove: (key) =>
      link.operate(() => {
        store.values.delete(key);
      }, faults),
  };
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

export function createMemoryLeases(store: MemoryCacheStore, link: MemoryLink, clock: SchedulingClock): Leases {
  const faults = { before: 'failCache' } as const;
  const held = (name: string) => {
    const lease = store.leases.get(name);
    return lease && lease.expiresMs > clock.nowMs() ? lease : undefined;
  };
  const heldBy = (lease: { name: string; holder: string; fencingToken: number }) => {
    const present = held(lease.name);
    return present?.holder === lease.holder && present.fencingToken === lease.fencingToken ? present : undefined;
  };
  return {
    acquire: (name, { holder, ttlMs, above = 0 }) =>
      link.operate(() => {
        const expiresMs = clock.nowMs() + ttlMs;
        const present = held(name);
        if (present && present.holder !== holder) return undefined;
        const isKept = present !== undefined && present.fencingToken > above;
        const fencingToken = isKept ? present.fencingToken : Math.max(store.newestTokens.get(name) ?? 0, above) + 1;
        store.newestTokens.set(name, fencingToken);
        store.leases.set(name, { holder, fencingToken, expiresMs });
        return { name, holder, fencingToken };
      }, faults),
    renew: (lease, ttlMs) =>
      link.operate(() => {
        const present = heldBy(lease);
        if (!present) return false;
        present.expiresMs = clock.nowMs() + ttlMs;
        return true;
      }, faults),
    release: (lease) =>
      link.operate(() => {
        if (heldBy(lease)) store.leases.delete(lease.name);
      }, faults),
    isCurrent: (lease) => link.operate(() => store.newestTokens.get(lease.name) === lease.fencingToken, faults),
  };
}
