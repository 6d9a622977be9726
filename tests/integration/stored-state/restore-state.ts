import {
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import type { StoredState, StoredStream } from './state-file.ts';

/** Puts a stored state into empty servers; sequence numbers, which records and checkpoints name, stay what they were. */
export async function restoreState(state: StoredState, servers: { natsUrl: string; redisUrl: string }): Promise<void> {
  const connection = await connect({ servers: servers.natsUrl });
  const redis = new Redis(servers.redisUrl);
  try {
    const manager = await jetstreamManager(connection);
    for (const stored of state.streams) await restoreStream(manager, jetstream(connection), stored);
    for (const { key, ttlMs, dump } of state.keys) {
      await redis.call('RESTORE', key, Math.max(0, ttlMs), Buffer.from(dump, 'base64'));
    }
  } finally {
    await connection.close();
    redis.disconnect();
  }
}

async function restoreStream(manager: JetStreamManager, client: JetStreamClient, stored: StoredStream): Promise<void> {
  const { name, subjects, max_msgs_per_subject } = stored.config;
  // Numbers whose messages were gone already are filled for a moment; the fillers must not push anything out.
  const filler = (subjects[0] ?? '').replaceAll('>', 'gap').replaceAll('*', 'gap');
  await manager.streams.add({ ...stored.config, max_msgs_per_subject: -1 });
  const messages = new Map(stored.messages.map((message) => [message.sequence, message]));
  for (let sequence = 1; sequence <= stored.lastSequence; sequence++) {
    const message = messages.get(sequence);
    const carried = headers();
    for (const [header, value] of message?.headers ?? []) {
      // The order of writes was checked when they were made.
      if (!header.startsWith('Nats-Expected')) carried.set(header, value);
    }
    const data = Buffer.from(message?.data ?? '', 'base64');
    const { seq } = await client.publish(message?.subject ?? filler, data, { headers: carried });
    if (seq !== sequence) throw new Error(`${name}: message ${sequence} was stored as ${seq}`);
  }
  if (messages.size < stored.lastSequence) await manager.streams.purge(name, { filter: filler });
  await manager.streams.update(name, { max_msgs_per_subject });
  for (const { config, acknowledged } of stored.consumers) {
    await manager.consumers.add(name, {
      ...config,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: acknowledged + 1,
    });
  }
}
