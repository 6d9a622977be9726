import { CapacityError, type Pool } from '@capplan/contracts';
import type { Redis } from 'ioredis';
import type { QueueDepths } from '../ports.ts';

/**
 * Depths of queues in Redis.
 *
 * - `bullmq`: jobs in `wait` and in `prioritized`. Delayed ones wait for their time, not for a worker; paused ones cannot be served.
 * - `redis_list`: length of the list.
 * - `redis_stream`: entries not yet delivered to the consumer group; the group must be there, and Redis must know its lag.
 */
export function createRedisDepths(redis: Redis): QueueDepths {
  return {
    read: async (queue) => {
      try {
        // A live reading has no age of its own.
        return { jobs: await depthOf(redis, queue), asOfMs: Number.POSITIVE_INFINITY };
      } catch (error) {
        if (error instanceof CapacityError) throw error;
        throw new CapacityError('unavailable', `the depth of ${queue.kind} ${queue.name} cannot be read`, {
          cause: error,
        });
      }
    },
  };
}

async function depthOf(redis: Redis, queue: Pool['queue']): Promise<number> {
  switch (queue.kind) {
    case 'bullmq': {
      const root = `bull:${queue.name}`;
      const [waiting, prioritized] = await Promise.all([
        redis.llen(`${root}:wait`),
        redis.zcard(`${root}:prioritized`),
      ]);
      return waiting + prioritized;
    }
    case 'redis_list':
      return redis.llen(queue.name);
    case 'redis_stream':
      return streamLag(redis, queue);
    default:
      throw new CapacityError('invalid_input', `a ${queue.kind} queue has no depth to read in Redis`);
  }
}

async function streamLag(redis: Redis, queue: Pool['queue']): Promise<number> {
  if (queue.group === undefined) {
    throw new CapacityError('invalid_input', `stream ${queue.name}: name its consumer group in queue.group`);
  }
  if ((await redis.exists(queue.name)) === 0) return 0;
  const groups = (await redis.xinfo('GROUPS', queue.name)) as unknown[][];
  for (const group of groups) {
    const facts = new Map<unknown, unknown>();
    for (let i = 0; i + 1 < group.length; i += 2) facts.set(group[i], group[i + 1]);
    if (facts.get('name') !== queue.group) continue;
    const lag = facts.get('lag');
    if (typeof lag === 'number') return lag;
    throw new CapacityError('unavailable', `stream ${queue.name}: Redis does not know the lag of ${queue.group}`);
  }
  throw new CapacityError('not_found', `stream ${queue.name} has no consumer group ${queue.group}`);
}
