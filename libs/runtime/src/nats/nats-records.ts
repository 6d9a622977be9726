import { CapacityError, check, keyOfTokens, keyTokens } from '@capplan/contracts';
import { JetStreamApiCodes, type JsMsg } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { TimeoutError } from '@nats-io/nats-core';
import type { TSchema } from 'typebox';

import { holdSize, textBytesMax } from '../bus/message-limit.ts';
import { defaultAckWaitMs, redeliveryDelayMs } from '../bus/redelivery.ts';
import { within } from '../bus/wire-message.ts';
import type { RecordChange, Records, StoredRecord } from '../ports/records.ts';
import type { Log, Metrics } from '../ports/service.ts';
import { followSubject } from './follow-subject.ts';
import { apiCodeOf, type NatsLink, persist } from './nats-link.ts';
import { pullMessages } from './pull-messages.ts';

/** Writes of one key that a bucket keeps: a relay that is behind by more would miss some. The most that a bucket can. */
const historyMax = 64;
const operationTimeoutMs = 5_000;

/** Opens a bucket of the key-value store on a JetStream stream; made when it is not there. */
export async function openNatsRecords<T>(
  link: NatsLink,
  bucket: string,
  schema: TSchema,
  options: { replicas: number; log: Log; metrics: Metrics },
): Promise<Records<T>> {
  const { log } = options;
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  const ensure = (): Promise<KV> =>
    new Kvm(link.streams).create(bucket, {
      history: historyMax,
      replicas: options.replicas,
      timeout: operationTimeoutMs,
    });
  const kv = await persist(`opening the records ${bucket}`, 30_000, link, ensure);
  const ensureStream = async (): Promise<void> => {
    await ensure();
  };
  const dead = options.metrics.counter(
    'capacity_planner_dead_letters_total',
    'Messages set aside because they could not be handled',
    ['consumer', 'reason'],
  );

  const encode = (key: string, value: T): string => {
    const checked = check(schema, value);
    if (!checked.ok) {
      const message = `a record of ${bucket} does not fit its schema: ${checked.problems.join('; ')}`;
      throw new CapacityError('invalid_input', message, { detail: checked.problems });
    }
    const text = JSON.stringify(value);
    holdSize(`the record ${key} of ${bucket}`, text, textBytesMax(link.connection.info?.max_payload));
    return text;
  };
  const decode = (key: string, text: string, revision: number): StoredRecord<T> => {
    const value = JSON.parse(text) as T;
    const checked = check(schema, value);
    if (checked.ok) return { key, value, revision };
    const message = `the record ${key} of ${bucket} at revision ${revision} does not fit: ${checked.problems.join('; ')}`;
    throw new CapacityError('internal', message, { detail: checked.problems });
  };
  const changeOf = (message: JsMsg): RecordChange<T> => {
    const key = keyOfTokens(message.subject.slice(prefix.length));
    const operation = message.headers?.get('KV-Operation');
    if (operation === 'DEL' || operation === 'PURGE') return { key, value: undefined, revision: message.seq };
    return decode(key, message.string(), message.seq);
  };

  const write = async <R>(key: string, attempt: () => Promise<R>): Promise<R> => {
    await link.untilUp(operationTimeoutMs);
    try {
      return await attempt();
    } catch (cause) {
      if (apiCodeOf(cause) === JetStreamApiCodes.StreamWrongLastSequence) {
        throw new CapacityError('conflict', `somebody else changed ${key} of ${bucket} first`, { cause });
      }
      const told = cause instanceof TimeoutError ? 'no answer in time' : String(cause);
      throw new CapacityError('unavailable', `${key} of ${bucket} may not have been written: ${told}`, { cause });
    }
  };
  const tokens = (key: string): string => within(() => keyTokens(key));

  const get = async (key: string): Promise<StoredRecord<T> | undefined> => {
    const name = tokens(key);
    const entry = await persist(`reading ${key} of ${bucket}`, operationTimeoutMs, link, () => kv.get(name));
    return entry && entry.operation === 'PUT' ? decode(key, entry.string(), entry.revision) : undefined;
  };

  const list = async (): Promise<StoredRecord<T>[]> => {
    const found = new Map<string, StoredRecord<T>>();
    const reading = followSubject(link, log, { stream, filter: `${prefix}>`, ensureStream }, (message) => {
      const change = changeOf(message);
      if (change.value === undefined) found.delete(change.key);
      else found.set(change.key, change as StoredRecord<T>);
    });
    await (await reading).stop();
    return [...found.values()];
  };

  return {
    get,
    list,
    create: async (key, value) => {
      const name = tokens(key);
      const text = encode(key, value);
      return write(key, () => kv.create(name, text));
    },
    update: async (key, value, revision) => {
      const name = tokens(key);
      const text = encode(key, value);
      return write(key, () => kv.update(name, text, revision, operationTimeoutMs));
    },
    remove: async (key, revision) => {
      const name = tokens(key);
      await write(key, () => kv.delete(name, { previousSeq: revision }));
    },
    relay: (durable, handler) =>
      pullMessages(link, log, {
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
          let change: RecordChange<T>;
          try {
            change = changeOf(message);
          } catch (error) {
            // Trying again would not make it readable, and would hold up every later change for ever.
            log.error({ bucket, revision: message.seq, error }, 'An unreadable record is not relayed');
            dead.add({ consumer: durable, reason: 'schema' });
            return { kind: 'done' };
          }
          try {
            await handler(change);
            return { kind: 'done' };
          } catch (error) {
            const tries = message.info.deliveryCount;
            const delayMs = redeliveryDelayMs(tries);
            log.warn(
              {
                bucket,
                key: change.key,
                revision: change.revision,
                tries,
                delay_ms: delayMs,
                error,
              },
              'A change of a record could not be relayed and comes again',
            );
            return { kind: 'again', delayMs };
          }
        },
        setAside: async () => {},
      }),
    watch: (handler) =>
      followSubject(link, log, { stream, filter: `${prefix}>`, ensureStream }, (message) => {
        try {
          handler(changeOf(message));
        } catch (error) {
          const facts = { bucket, revision: message.seq, error };
          log.error(facts, 'A watched record could not be taken in and is left out');
        }
      }),
  };
}
