import { pathToFileURL } from 'node:url';
import { CapacityError } from '@capplan/contracts';
import { type CreationContext, type RunningService, runService, startService } from '@capplan/runtime';
import { Redis } from 'ioredis';
import { createMemoryHistory } from './adapters/memory-history.ts';
import { createMemoryWindowStore } from './adapters/memory-window-store.ts';
import { createRedisDepths } from './adapters/redis-depths.ts';
import { createRedisHistory } from './adapters/redis-history.ts';
import { createRedisWindowStore } from './adapters/redis-window-store.ts';
import { CollectorConfig } from './config.ts';
import type { CollectorPorts, QueueDepths } from './ports.ts';
import { createCollector } from './service.ts';

/** The collector on what its context stands on: Redis, or the memory of this process. */
export const collectorDefinition = {
  name: 'collector',
  configSchema: CollectorConfig,
  create: (context: CreationContext, config: Readonly<CollectorConfig>) => {
    const queues = queueRedis(context, config);
    const ports: CollectorPorts = {
      depths: queues === undefined ? noDepths : createRedisDepths(queues),
      windows: context.redis === undefined ? createMemoryWindowStore() : createRedisWindowStore(context.redis),
      history:
        context.redis === undefined
          ? createMemoryHistory()
          : createRedisHistory(context.redis, { keepDays: config.historyDays }),
    };
    const service = createCollector(context, config, ports);
    return {
      ...service,
      stop: async () => {
        await service.stop();
        if (queues !== context.redis) queues?.disconnect();
      },
    };
  },
};

/** Without Redis there is no queue to read: workers have to report the backlog, or it is missing. An invented zero would be worse. */
const noDepths: QueueDepths = {
  read: (queue) =>
    Promise.reject(new CapacityError('not_found', `queue ${queue.name}: there is no Redis that could hold it`)),
};

/** A connection of its own where the queues are elsewhere; their Redis may be gone without ours being it. */
function queueRedis(context: CreationContext, config: Readonly<CollectorConfig>): Redis | undefined {
  if (config.queueRedisUrl === '') return context.redis;
  const redis = new Redis(config.queueRedisUrl, { maxRetriesPerRequest: 1, enableOfflineQueue: false });
  redis.on('error', (error) => context.log.warn({ error }, 'the Redis of the queues cannot be reached'));
  return redis;
}

export function start(env: NodeJS.ProcessEnv = process.env): Promise<RunningService> {
  return startService(collectorDefinition, env);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runService(collectorDefinition);
