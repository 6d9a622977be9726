import { join } from 'node:path';
import { isCapacityError } from '@capplan/contracts';
import {
  createMemoryBackend,
  installServers,
  type MemoryBackend,
  type PrivateServer,
  type SchedulingClock,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';

/** What services stand on. */
export type Servers =
  | { kind: 'servers'; natsUrl: string; redisUrl: string; notice: string | undefined; stop(): Promise<void> }
  | { kind: 'memory'; backend: MemoryBackend; notice: string; stop(): Promise<void> };

export interface ServersOptions {
  /** Where private servers keep their data. */
  dataDir: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The clock of the in-process twins, should it come to that. */
  clock: SchedulingClock;
  say(sentence: string): void;
}

/**
 * NATS and Redis, in this order of choice: those that `NATS_URL` and `REDIS_URL` name; private ones from programs on
 * the PATH, installed through the system's package manager where that is allowed, or from containers; else twins
 * inside this process, with a plain notice that nothing survives it.
 */
export async function openServers({ dataDir, env, clock, say }: ServersOptions): Promise<Servers> {
  const { NATS_URL: natsUrl, REDIS_URL: redisUrl } = env;
  if (natsUrl && redisUrl) return { kind: 'servers', natsUrl, redisUrl, notice: undefined, stop: async () => {} };

  const found = await installServers({ say });
  if (!found.ok) return memoryServers(clock, found.reason);
  const started: PrivateServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const nats = natsUrl ? undefined : startPrivateNats({ dataDir: join(dataDir, 'nats') });
    const redis = redisUrl ? undefined : startPrivateRedis({ dataDir: join(dataDir, 'redis') });
    for (const server of await Promise.all([nats, redis])) if (server) started.push(server);
    return {
      kind: 'servers',
      natsUrl: natsUrl ?? (await nats)?.url ?? '',
      redisUrl: redisUrl ?? (await redis)?.url ?? '',
      notice: undefined,
      stop,
    };
  } catch (error) {
    await stop();
    if (!isCapacityError(error, 'unavailable')) throw error;
    return memoryServers(clock, error.message);
  }
}

function memoryServers(clock: SchedulingClock, reason: string): Servers {
  return {
    kind: 'memory',
    backend: createMemoryBackend({ clock }),
    notice: `No NATS and Redis here (${reason}): everything runs inside this process, and nothing survives a restart.`,
    stop: async () => {},
  };
}
