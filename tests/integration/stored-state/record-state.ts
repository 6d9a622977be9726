import { DeliverPolicy, type JetStreamManager, jetstream, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { type StoredKey, type StoredState, type StoredStream, writeState } from './state-file.ts';

/*
 * Keeps what an installation has stored as a fixture for later versions:
 *   npx tsx tests/integration/stored-state/record-state.ts VERSION NATS_URL REDIS_URL FILE
 * Streams that repeat themselves (signals, workers' reports) are kept by their newest messages of each subject.
 */

/** Keys of the planner's own; the queues beside them belong to whoever is planned for. */
const ownKeys = /^(capacity:|capplan:|gateway:)/;
/** Windows are many and all alike. */
const windowKeys = /:(win|seen):/;
const windowsMost = 6;

const newestOnly: Readonly<Record<string, number>> = { CAPACITY_SIGNALS: 3, CAPACITY_INGEST: 2 };

const [version, natsUrl, redisUrl, file] = process.argv.slice(2);
if (!version || !natsUrl || !redisUrl || !file) {
  process.stderr.write('usage: record-state.ts VERSION NATS_URL REDIS_URL FILE\n');
  process.exit(2);
}

const connection = await connect({ servers: natsUrl });
const redis = new Redis(redisUrl);
const manager = await jetstreamManager(connection);
const streams: StoredStream[] = [];
for await (const info of manager.streams.list()) streams.push(await recordStream(manager, info));
const state: StoredState = { version, streams, keys: await recordKeys(redis) };
await writeState(file, state);
for (const { config, messages, consumers } of streams) {
  process.stdout.write(`${config.name}: ${messages.length} messages, ${consumers.length} durable consumers\n`);
}
process.stdout.write(`Redis: ${state.keys.length} keys\n`);
await connection.close();
redis.disconnect();

async function recordStream(manager: JetStreamManager, { config, state }: StreamInfo): Promise<StoredStream> {
  const stored: StoredStream = { config, lastSequence: state.last_seq, messages: [], consumers: [] };
  for await (const { config: consumer, ack_floor } of manager.consumers.list(config.name)) {
    if (consumer.durable_name) stored.consumers.push({ config: consumer, acknowledged: ack_floor.stream_seq });
  }
  if (state.messages === 0) return stored;
  const reader = await jetstream(connection).consumers.get(config.name, { deliver_policy: DeliverPolicy.All });
  const kept = new Map<string, StoredStream['messages']>();
  const most = newestOnly[config.name] ?? Number.POSITIVE_INFINITY;
  for await (const message of await reader.consume()) {
    const headers = (message.headers?.keys() ?? []).map((name): [string, string] => [
      name,
      message.headers?.get(name) ?? '',
    ]);
    const data = Buffer.from(message.data).toString('base64');
    const ofSubject = kept.get(message.subject) ?? [];
    ofSubject.push({ sequence: message.seq, subject: message.subject, headers, data });
    if (ofSubject.length > most) ofSubject.shift();
    kept.set(message.subject, ofSubject);
    if (message.info.pending === 0) break;
  }
  stored.messages = [...kept.values()].flat().sort((a, b) => a.sequence - b.sequence);
  return config.name in newestOnly ? numberedAnew(stored) : stored;
}

/** Nothing names the sequences of these streams; their consumers have read everything. */
function numberedAnew(stored: StoredStream): StoredStream {
  const messages = stored.messages.map((message, index) => ({ ...message, sequence: index + 1 }));
  const consumers = stored.consumers.map(({ config }) => ({ config, acknowledged: messages.length }));
  return { ...stored, lastSequence: messages.length, messages, consumers };
}

async function recordKeys(redis: Redis): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  const own = (await redis.keys('*')).filter((key) => ownKeys.test(key)).sort();
  const windows = own.filter((key) => windowKeys.test(key)).slice(-windowsMost);
  for (const key of own.filter((name) => !windowKeys.test(name)).concat(windows)) {
    const dump = (await redis.callBuffer('DUMP', key)) as Buffer | null;
    if (dump) keys.push({ key, ttlMs: await redis.pttl(key), dump: dump.toString('base64') });
  }
  return keys;
}
