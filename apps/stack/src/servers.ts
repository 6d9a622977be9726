import { isCapacityError } from '@capplan/contracts';
import {
  type ContainerServer,
  createMemoryBackend,
  hasContainerDaemon,
  installServers,
  loadConfig,
  type MemoryBackend,
  type NatsAccess,
  NatsSettings,
  RuntimeConfig,
  type SchedulingClock,
  startContainer,
  startPrivateNats,
  startPrivateRedis,
} from '@capplan/runtime';
import { serverFolders } from './end-leftovers.ts';

/** What services stand on. */
export type Servers =
  | {
      kind: 'servers';
      natsUrl: string;
      /** How to show NATS who one is, where the environment says so. */
      nats?: NatsAccess;
      redisUrl: string;
      notice: string | undefined;
      stop(): Promise<void>;
    }
  | { kind: 'memory'; backend: MemoryBackend; notice: string; stop(): Promise<void> };

export interface ServersOptions {
  /** Where private servers keep their data. */
  dataDir: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Whether nats-server and redis-server may be installed on this machine where they are missing. */
  mayInstall: boolean;
  /** Gives up what would take long: installing packages, fetching images. */
  signal: AbortSignal;
  /** The clock of the in-memory servers, should it come to that. */
  clock: SchedulingClock;
  say(sentence: string): void;
}

/**
 * NATS and Redis, in this order of choice: those that `NATS_URL` and `REDIS_URL` name; private ones from programs on
 * the PATH, installed through the system's package manager where that was asked for, or from containers; else servers
 * in the memory of this process, with a plain notice that nothing survives it.
 */
export async function openServers({ dataDir, env, clock, mayInstall, signal, say }: ServersOptions): Promise<Servers> {
  const isGiven = (variable: string) => Boolean(env[variable] || env[`${variable}_FILE`]);
  const { natsUrl: givenNats, ...nats } = loadConfig(NatsSettings, env);
  const natsUrl = isGiven('NATS_URL') ? givenNats : undefined;
  const access = natsUrl === undefined ? {} : { nats };
  const redisUrl = isGiven('REDIS_URL') ? loadConfig(RuntimeConfig, env).redisUrl : undefined;
  if (natsUrl && redisUrl) {
    return { kind: 'servers', natsUrl, ...access, redisUrl, notice: undefined, stop: async () => {} };
  }

  const found = await installServers({ mayInstall, signal, say });
  const withContainers = !found.ok && (await hasContainerDaemon());
  if (!found.ok && !withContainers) return memoryServers(clock, found.reason);
  signal.throwIfAborted();
  if (withContainers) say('starting NATS and Redis in containers');
  const start = {
    nats: async (folder: string): Promise<ContainerServer> =>
      withContainers ? startContainer('nats', folder, signal) : startPrivateNats({ dataDir: folder }),
    redis: async (folder: string): Promise<ContainerServer> =>
      withContainers ? startContainer('redis', folder, signal) : startPrivateRedis({ dataDir: folder }),
  };
  const given = async (url: string): Promise<ContainerServer> => ({ url, stop: async () => {} });
  const outcomes = await Promise.allSettled([
    natsUrl ? given(natsUrl) : start.nats(serverFolders(dataDir).nats),
    redisUrl ? given(redisUrl) : start.redis(serverFolders(dataDir).redis),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.stop()] : [])));
  };
  const [startedNats, startedRedis] = outcomes;
  if (startedNats.status === 'fulfilled' && startedRedis.status === 'fulfilled') {
    return {
      kind: 'servers',
      natsUrl: startedNats.value.url,
      ...access,
      redisUrl: startedRedis.value.url,
      notice: undefined,
      stop,
    };
  }
  await stop();
  signal.throwIfAborted();
  const failure: unknown =
    startedNats.status === 'rejected'
      ? startedNats.reason
      : startedRedis.status === 'rejected'
        ? startedRedis.reason
        : undefined;
  if (!isCapacityError(failure, 'unavailable')) throw failure;
  return memoryServers(clock, failure.message);
}

function memoryServers(clock: SchedulingClock, reason: string): Servers {
  return {
    kind: 'memory',
    backend: createMemoryBackend({ clock }),
    notice: `In-memory servers (${reason}): records and messages do not survive a restart.`,
    stop: async () => {},
  };
}
