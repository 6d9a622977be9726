import { pathToFileURL } from 'node:url';
import { CapacityError } from '@capplan/contracts';
import {
  type CreationContext,
  openRedisLink,
  type RedisLink,
  type RunningService,
  runService,
  startService,
} from '@capplan/runtime';
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
      depths: depthsOf(queues?.redis ?? context.redis),
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
        await queues?.close();
      },
    };
  },
};

/** Without Redis there is no queue to read: workers have to report the backlog, or it is missing. An invented zero would be worse. */
const noDepths: QueueDepths = {
  read: (queue) =>
    Promise.reject(new CapacityError('not_found', `queue ${queue.name}: there is no Redis that could hold it`)),
};

function depthsOf(redis: CreationContext['redis']): QueueDepths {
  return redis === undefined ? noDepths : createRedisDepths(redis);
}

/** A connection of its own where the queues are elsewhere: their Redis may be gone without ours being it. Nothing is written there. */
function queueRedis(context: CreationContext, config: Readonly<CollectorConfig>): RedisLink | undefined {
  if (config.queueRedisUrl === '') return undefined;
  const name = `${context.name}-${context.instance}-queues`;
  return openRedisLink({ url: config.queueRedisUrl, name, proof: 'ping' }, context.log);
}

export function start(env: NodeJS.ProcessEnv = process.env): Promise<RunningService> {
  return startService(collectorDefinition, env);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runService(collectorDefinition);
