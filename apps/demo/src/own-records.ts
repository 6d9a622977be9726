import { readFile, rename, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { isCapacityError, type Policy, type Pool, systemKey } from '@capplan/contracts';
import type { OpenContext } from '@capplan/runtime';

/** Puts the demo's policy and pool, and never over what somebody else has put under their ids. */
export interface OwnRecords {
  /** The policy as it stands afterwards: the demo's, or the one that its user has put. */
  putPolicy(policy: Policy, must?: Must): Promise<Standing<Policy>>;
  putPool(pool: Pool, must?: Must): Promise<Standing<Pool>>;
}

/** `either` makes what is not there; `update` leaves alone what its user has removed. */
type Must = 'either' | 'update';

export interface Standing<T> {
  record: T;
  /** Whether it is what the demo has put. */
  isOwn: boolean;
}

type Bus = Pick<OpenContext['bus'], 'request'>;

const actor = { id: 'demo', kind: 'service' } as const;
/** So many of the demo's own versions of a record are remembered: a run puts a few, in an order that a kill may cut. */
const versionsKept = 20;

/**
 * @param file remembers over restarts what the demo has put, in the data folder; without it, what stands is its user's
 */
export async function openOwnRecords(file: string, bus: Bus): Promise<OwnRecords> {
  const versions = await readVersions(file);
  const isOwn = (record: Policy | Pool) => versions.some((version) => isDeepStrictEqual(version, withoutTime(record)));
  const remember = async (record: Policy | Pool) => {
    if (isOwn(record)) return;
    versions.push(withoutTime(record));
    versions.splice(0, versions.length - versionsKept);
    await writeFile(`${file}.next`, JSON.stringify(versions));
    await rename(`${file}.next`, file);
  };

  async function put<T extends Policy | Pool>(record: T, must: Must, owner: Owner<T>): Promise<Standing<T>> {
    const standing = await owner.get().catch((error: unknown) => {
      if (isCapacityError(error, 'not_found')) return undefined;
      throw error;
    });
    if (standing && !isOwn(standing)) return { record: standing, isOwn: false };
    if (!standing && must === 'update') return { record, isOwn: false };
    // Before it is put, and as it was stored: a kill in between must not turn the demo's record into its user's.
    await remember(record);
    const stored = await owner.put();
    await remember(stored);
    return { record: stored, isOwn: true };
  }

  return {
    putPolicy: (policy, must = 'either') => {
      const to = { key: systemKey(policy.id), actor };
      return put(policy, must, {
        get: () => bus.request('policy.get', { id: policy.id }, to),
        put: () => bus.request('policy.put', { policy, must }, to),
      });
    },
    putPool: (pool, must = 'either') => {
      const to = { key: pool.id, actor };
      return put(pool, must, {
        get: () => bus.request('pool.get', { id: pool.id }, to),
        put: () => bus.request('pool.put', { pool }, to),
      });
    },
  };
}

interface Owner<T> {
  get(): Promise<T>;
  put(): Promise<T>;
}

function withoutTime(record: Policy | Pool): object {
  const { updated_at: _at, ...rest } = record;
  // As it is in the file: what is undefined is not there.
  return JSON.parse(JSON.stringify(rest)) as object;
}

async function readVersions(file: string): Promise<object[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
