import { join } from 'node:path';
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
  const isGiven = (variable: string) => Boolean(env[variable] || env[`${variable}_FILE`]);
  const { natsUrl: givenNats, ...nats } = loadConfig(NatsSettings, env);
  const natsUrl = isGiven('NATS_URL') ? givenNats : undefined;
  const access = natsUrl === undefined ? {} : { nats };
  const redisUrl = isGiven('REDIS_URL') ? loadConfig(RuntimeConfig, env).redisUrl : undefined;
  if (natsUrl && redisUrl) {
    return { kind: 'servers', natsUrl, ...access, redisUrl, notice: undefined, stop: async () => {} };
  }

  const found = await installServers({ say });
  const withContainers = !found.ok && (await hasContainerDaemon());
  if (!found.ok && !withContainers) return memoryServers(clock, found.reason);
  if (withContainers) say('starting NATS and Redis in containers');
  const start = {
    nats: async (folder: string): Promise<ContainerServer> =>
      withContainers ? startContainer('nats', folder) : startPrivateNats({ dataDir: folder }),
    redis: async (folder: string): Promise<ContainerServer> =>
      withContainers ? startContainer('redis', folder) : startPrivateRedis({ dataDir: folder }),
  };
  const given = async (url: string): Promise<ContainerServer> => ({ url, stop: async () => {} });
  const outcomes = await Promise.allSettled([
    natsUrl ? given(natsUrl) : start.nats(join(dataDir, 'nats')),
    redisUrl ? given(redisUrl) : start.redis(join(dataDir, 'redis')),
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
    notice: `No NATS and Redis here (${reason}): everything runs inside this process, and nothing survives a restart.`,
    stop: async () => {},
  };
}
