import { keyTokens } from '@capplan/contracts';
import type { ServiceContext } from '../ports/service.ts';
import { openContext, type ServerContext } from '../process/open-context.ts';
import type { PrivateServer } from '../servers/child-server.ts';
import { createMemoryLog } from '../telemetry/memory-log.ts';
import type { Harness } from './harness.ts';

/** Real servers as a subject of the conformance suites: emptied before every test. */
export async function openServerHarness(servers: { nats: PrivateServer; redis: PrivateServer }): Promise<Harness> {
  const open: ServerContext[] = [];
  const openOne = async (name: string): Promise<ServerContext> => {
    const context = await openContext({
      name,
      natsUrl: servers.nats.url,
      redisUrl: servers.redis.url,
      log: createMemoryLog(),
      connectTimeoutMs: 10_000,
    });
    open.push(context);
    return context;
  };
  const keeper = await openOne('keeper');
  const { manager } = keeper.nats;
  for await (const stream of manager.streams.list()) await manager.streams.delete(stream.config.name);
  await keeper.redis.flushall();

  return {
    context: openOne,
    kill: async (context: ServiceContext) => {
      await (context as ServerContext).nats.connection.close();
      (context as ServerContext).redis.disconnect();
    },
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    settled: (promise) => promise,
    inject: async ({ subject, id, text }) => {
      await keeper.nats.streams.publish(subject, text, { msgID: id });
    },
    injectRecord: async (bucket, key, text) => {
      await keeper.nats.streams.publish(`$KV.${bucket}.${keyTokens(key)}`, text);
    },
    keptRevisions: async (bucket, key) => {
      const subject = `$KV.${bucket}.${keyTokens(key)}`;
      const { state } = await manager.streams.info(`KV_${bucket}`, { subjects_filter: subject });
      return state.subjects?.[subject] ?? 0;
    },
    followers: async (bucket) => {
      let count = 0;
      for await (const { config } of manager.consumers.list(`KV_${bucket}`)) {
        if (config.durable_name === undefined) count += 1;
      }
      return count;
    },
    deadLetters: async () => {
      const letters: { consumer: string; reason: string; subject: string }[] = [];
      const stream = 'CAPACITY_DEAD';
      const { state } = await manager.streams.info(stream);
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
        const stored = await manager.streams.getMessage(stream, { seq });
        if (!stored) continue;
        const { consumer, reason, subject } = stored.json<{ consumer: string; reason: string; subject: string }>();
        letters.push({ consumer, reason, subject });
      }
      return letters;
    },
    close: async () => {
      await Promise.all(open.map((context) => context.close()));
    },
  };
}
