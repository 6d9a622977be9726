import { CapacityError, keyOfTokens, keyTokens } from '@capplan/contracts';
import { JetStreamApiCodes, type JsMsg } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { TimeoutError } from '@nats-io/nats-core';
import type { TSchema } from 'typebox';

import { textBytesMax } from '../bus/message-limit.ts';
import { defaultAckWaitMs, redeliveryDelayMs } from '../bus/redelivery.ts';
import { within } from '../bus/wire-message.ts';
import type { Records, StoredRecord, UnreadableRecord } from '../ports/records.ts';
import { createRecordReader, isReadable, type RecordSurroundings, readable } from '../records/record-reader.ts';
import { tooManyUnrelayed, unrelayedMax } from '../records/unrelayed-limit.ts';
import { followSubject } from './follow-subject.ts';
import { apiCodeOf, type NatsLink, persist } from './nats-link.ts';
import { pruneHistory } from './prune-history.ts';
import { pullMessages } from './pull-messages.ts';

const operationTimeoutMs = 5_000;

/** What the server says, under a code for all that it cannot store, when a key has its most revisions. */
const keyIsFull = 'maximum messages per subject exceeded';

/**
 * Opens a bucket of the key-value store on a JetStream stream; made when it is not there. Of a key that has its most
 * revisions the server refuses the next one, instead of dropping the oldest, which a relay may still need.
 */
export async function openNatsRecords<T>(
  link: NatsLink,
  bucket: string,
  schema: TSchema,
  options: RecordSurroundings & { replicas: number },
): Promise<Records<T>> {
  const { log } = options;
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  const ensure = async (): Promise<KV> => {
    const opened = await new Kvm(link.streams).create(bucket, {
      history: unrelayedMax,
      replicas: options.replicas,
      timeout: operationTimeoutMs,
    });
    const { config } = await link.manager.streams.info(stream);
    if (config.discard_new_per_subject !== true) {
      await link.manager.streams.update(stream, { discard_new_per_subject: true });
    }
    return opened;
  };
  const kv = await persist(`opening the records ${bucket}`, 30_000, link, ensure);
  const ensureStream = async (): Promise<void> => {
    await ensure();
  };
  const dead = options.metrics.counter(
    'capacity_planner_dead_letters_total',
    'Messages set aside because they could not be handled',
    ['consumer', 'reason'],
  );

  const bytesMax = () => textBytesMax(link.connection.info?.max_payload);
  const reader = createRecordReader<T>(bucket, schema, options);
  /** What a message of the stream says of its key; a removal is undefined. */
  const readMessage = (message: JsMsg): { key: string; record: StoredRecord<T> | UnreadableRecord | undefined } => {
    const subjectTokens = message.subject.slice(prefix.length);
    const operation = message.headers?.get('KV-Operation');
    const isGone = operation === 'DEL' || operation === 'PURGE';
    const key = keyOf(subjectTokens);
    return { key, record: isGone ? undefined : reader.read(key, message.string(), message.seq) };
  };

  const pruning = pruneHistory(link, log, stream);
  /** Removes the revisions of a key that every relay is past, where that was not done when they were relayed. */
  const makeRoom = async (key: string): Promise<void> => {
    const present = await kv.get(tokens(key));
    if (present) pruning.relayed(`${prefix}${tokens(key)}`, present.revision);
    await pruning.settled();
  };
  const isFull = (error: unknown): boolean => error instanceof Error && error.message.includes(keyIsFull);

  const write = async <R>(key: string, attempt: () => Promise<R>): Promise<R> => {
    await link.untilUp(operationTimeoutMs);
    try {
      return await attempt().catch(async (error: unknown) => {
        if (!isFull(error)) throw error;
        await makeRoom(key);
        return attempt();
      });
    } catch (cause) {
      if (isFull(cause)) throw tooManyUnrelayed(bucket, key);
      if (apiCodeOf(cause) === JetStreamApiCodes.StreamWrongLastSequence) {
        throw new CapacityError('conflict', `somebody else changed ${key} of ${bucket} first`, { cause });
      }
      const told = cause instanceof TimeoutError ? 'no answer in time' : String(cause);
      throw new CapacityError('unavailable', `${key} of ${bucket} may not have been written: ${told}`, { cause });
    }
  };
  const tokens = (key: string): string => within(() => keyTokens(key));

  const find = async (key: string): Promise<StoredRecord<T> | UnreadableRecord | undefined> => {
    const name = tokens(key);
    const entry = await persist(`reading ${key} of ${bucket}`, operationTimeoutMs, link, () => kv.get(name));
    const record = entry && entry.operation === 'PUT' ? reader.read(key, entry.string(), entry.revision) : undefined;
    reader.present(key, record);
    return record;
  };

  const list = async (): Promise<StoredRecord<T>[]> => {
    const found = new Map<string, StoredRecord<T> | UnreadableRecord>();
    const reading = followSubject(link, log, { stream, filter: `${prefix}>`, ensureStream }, (message) => {
      const { key, record } = readMessage(message);
      if (record) found.set(key, record);
      else found.delete(key);
    });
    await (await reading).stop();
    reader.presentAll(found.values());
    return [...found.values()].filter(isReadable);
  };

  return {
    get: async (key) => readable(bucket, await find(key)),
    find,
    list,
    create: async (key, value) => {
      const text = reader.encode(key, value, bytesMax());
      return write(key, () => kv.create(tokens(key), text));
    },
    update: async (key, value, revision) => {
      const text = reader.encode(key, value, bytesMax());
      return write(key, () => kv.update(tokens(key), text, revision, operationTimeoutMs));
    },
    remove: async (key, revision) => {
      const name = tokens(key);
      await write(key, () => kv.delete(name, { previousSeq: revision }));
    },
    relay: async (durable, handler) => {
      const pulling = await pullMessages(link, log, {
        stream,
        durable: durable.replaceAll(/[^A-Za-z0-9_-]/g, '-'),
        filter: undefined,
        ackWaitMs: defaultAckWaitMs,
        concurrency: 1,
        // The server hands out no later change before this one is over: that is what keeps the order.
        maxAckPending: 1,
        from: 'all',
        keyOf: () => bucket,
        ensureStream,
        handle: async (message) => {
          const { key, record } = readMessage(message);
          const revision = message.seq;
          if (record && !isReadable(record)) {
            // Trying again would not make it readable, and would hold up every later change for ever.
            dead.add({ consumer: durable, reason: 'schema' });
            pruning.relayed(message.subject, revision);
            return { kind: 'done' };
          }
          try {
            await handler({ key, value: record?.value, revision });
          } catch (error) {
            const tries = message.info.deliveryCount;
            const delayMs = redeliveryDelayMs(tries);
            log.warn(
              { bucket, key, revision, tries, delay_ms: delayMs, error },
              'A change of a record could not be relayed and comes again',
            );
            return { kind: 'again', delayMs };
          }
          pruning.relayed(message.subject, revision);
          return { kind: 'done' };
        },
        setAside: async () => {},
      });
      return {
        stop: async () => {
          await pulling.stop();
          await pruning.settled();
        },
      };
    },
    watch: (handler) =>
      followSubject(link, log, { stream, filter: `${prefix}>`, ensureStream }, (message) => {
        const { key, record } = readMessage(message);
        reader.present(key, record);
        return handler({ key, value: record?.value, revision: message.seq });
      }),
  };
}

/** The key of a subject; what somebody else put under another kind of key goes by its tokens. */
function keyOf(subjectTokens: string): string {
  try {
    return keyOfTokens(subjectTokens);
  } catch {
    return subjectTokens;
  }
}
