import {
  type EventType,
  eventCatalogue,
  eventSubject,
  type IngestKind,
  ingestCatalogue,
  ingestSubject,
  type RequestName,
  requestCatalogue,
  requestSubject,
} from '@capplan/contracts';
import type { RandomStream } from '@capplan/random';
import { hostileText, hostileValue, oneOf } from './hostile-values.ts';
import { type Schema, schemaValue } from './schema-values.ts';

export interface FuzzMessage {
  plane: 'evt' | 'ingest' | 'request';
  type: string;
  subject: string;
  key: string;
  id: string;
  text: string;
  /** What stands in the envelope, where the text is one. */
  data: unknown;
}

const keys = ['fuzz/p1', 'fuzz/p2', 'fuzz/p3.with-dots_and-dashes', 'other/constructor', '_/policy-1', '_/plans'];

/** Messages of every subject of the catalogues: fitting ones, hostile ones, and bytes that are no message at all. */
export function createHostileMessages(random: RandomStream, nowMs: () => number) {
  const kinds = [
    ...Object.entries(eventCatalogue).map(([type, { schema }]) => ({ plane: 'evt' as const, type, schema })),
    ...Object.entries(ingestCatalogue).map(([type, schema]) => ({ plane: 'ingest' as const, type, schema })),
    ...Object.entries(requestCatalogue).map(([type, { request }]) => ({
      plane: 'request' as const,
      type,
      schema: request,
    })),
  ];
  let count = 0;

  const next = (): FuzzMessage => {
    // Reports are what most senders may send.
    const kind =
      random.next() < 0.3
        ? oneOf(
            random,
            kinds.filter(({ plane }) => plane === 'ingest'),
          )
        : oneOf(random, kinds);
    const { plane, type } = kind;
    const key = oneOf(random, keys);
    const hostility = oneOf(random, [0, 0, 0.02, 0.1, 0.4]);
    const data = timely(schemaValue(random, kind.schema as Schema, hostility), key);
    count += 1;
    const id = `fuzz-${count}`;
    const envelope = {
      id,
      type,
      time: new Date(nowMs()).toISOString(),
      key,
      actor: { id: 'fuzz', kind: 'user', roles: ['admin'], second_factor: true },
      data,
    };
    const twisted =
      random.next() < hostility
        ? { ...envelope, [oneOf(random, Object.keys(envelope))]: hostileValue(random) }
        : envelope;
    return { plane, type, subject: subjectOf(plane, type, key), key, id, text: textOf(twisted, hostility), data };
  };

  /** Most of what fits is about the pool of its subject and about now: otherwise nobody would look at it. */
  const timely = (data: unknown, key: string): unknown => {
    if (typeof data !== 'object' || data === null || Array.isArray(data) || random.next() < 0.1) return data;
    const fields = data as Record<string, unknown>;
    const time = new Date(nowMs() - random.integer(20_000)).toISOString();
    for (const name of ['time', 'timestamp', 'made_at', 'to'])
      if (typeof fields[name] === 'string') fields[name] = time;
    if (typeof fields.from === 'string') fields.from = new Date(Date.parse(time) - 5_000).toISOString();
    if (typeof fields.pool === 'string') fields.pool = key;
    return fields;
  };

  const textOf = (envelope: object, hostility: number): string => {
    const text = JSON.stringify(envelope);
    if (random.next() >= hostility * 0.3) return text;
    return oneOf(random, [
      text.slice(0, random.integer(text.length)),
      '',
      'null',
      '[]',
      '\ufffd\u0000\u0001',
      '['.repeat(20_000),
      text.replace('"data"', '"data":{},"data"'),
      text.replace('"id"', '"__proto__":{"ok":true},"id"'),
      hostileText(random),
    ]);
  };

  const subjectOf = (plane: FuzzMessage['plane'], type: string, key: string): string => {
    if (plane === 'evt') return eventSubject(type as EventType, key);
    if (plane === 'ingest') return ingestSubject(type as IngestKind, key);
    return requestSubject(type as RequestName, key);
  };

  return { next, subjects: kinds.map(({ type }) => type) };
}
