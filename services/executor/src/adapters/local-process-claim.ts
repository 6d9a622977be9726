import { hostname } from 'node:os';
import { CapacityError } from '@capplan/contracts';
import type { Cache, Clock, Log } from '@capplan/runtime';

/** The right of one set of local workers to be the only one of its installation. */
export interface LocalProcessClaim {
  /** Undefined while it is ours; else who has it, as far as is known. */
  lostTo(): string | undefined;
  release(): Promise<void>;
}

export interface ClaimSurroundings {
  /** Shared by the whole installation. */
  cache: Cache;
  clock: Clock;
  log: Log;
  /** How long the claim of an executor that has crashed stands. Default 15 s. */
  ttlSec?: number;
}

const key = 'executor/local-processes';

/**
 * Claims local processes for one executor of the installation. Two that start processes for the same pools, each on its
 * own host or data folder, would run every pool twice. Whoever comes while another one lives is refused; the claim of one
 * that has crashed lapses by itself, and the same set of workers, known by `fleet`, has its own claim again at once.
 *
 * While the store is away the claim stands: nobody else can take it then.
 *
 * @param fleet what stays the same for these workers over restarts, and differs from any other set
 * @throws `conflict` when another executor still has it after its time to live
 */
export async function claimLocalProcesses(
  fleet: { id: string; stateFile: string },
  { cache, clock, log, ttlSec = 15 }: ClaimSurroundings,
): Promise<LocalProcessClaim> {
  const own = new TextEncoder().encode(JSON.stringify({ fleet: fleet.id, host: hostname(), file: fleet.stateFile }));
  const take = () => cache.swap(key, { from: undefined, to: own }, { ttlSec });
  const keep = async () => (await cache.swap(key, { from: own, to: own }, { ttlSec })) || (await take());
  let lostTo: string | undefined;

  const endMs = clock.nowMs() + 1000 * (ttlSec + 1);
  for (let tries = 1; !(await keep()); tries++) {
    const holder = holderOf(await cache.get(key));
    if (clock.nowMs() >= endMs) {
      throw new CapacityError(
        'conflict',
        `local worker processes of this installation belong to another executor (${holder}): stop that one, or give this one no worker commands (EXECUTOR_WORKER_COMMANDS), or a NATS and Redis of its own`,
      );
    }
    if (tries === 1)
      log.warn({ holder }, 'Another executor has the local processes; waiting whether it is still there');
    await clock.sleep(500);
  }

  const ticker = clock.every(
    (1000 * ttlSec) / 3,
    async () => {
      const isOurs = await keep();
      const holder = isOurs ? undefined : holderOf(await cache.get(key));
      if (holder !== undefined && lostTo === undefined) {
        log.error({ holder }, 'Another executor has taken the local processes: no worker is started here any more');
      }
      if (holder === undefined && lostTo !== undefined) log.info({}, 'The local processes are ours again');
      lostTo = holder;
    },
    () => {
      // Whoever cannot reach the store says so itself, and nobody else can claim there either.
    },
  );
  return {
    lostTo: () => lostTo,
    release: async () => {
      await ticker.stop();
      await cache.swap(key, { from: own, to: undefined }).catch(() => false);
    },
  };
}

function holderOf(value: Uint8Array | undefined): string {
  if (value === undefined) return 'just gone';
  try {
    const { host, file } = JSON.parse(new TextDecoder().decode(value)) as { host?: unknown; file?: unknown };
    return `host ${String(host)}, worker state file ${String(file)}`;
  } catch {
    return 'unknown';
  }
}
