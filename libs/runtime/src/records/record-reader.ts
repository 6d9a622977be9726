import { CapacityError, check, keyTokens } from '@capplan/contracts';
import type { TSchema } from 'typebox';
import { holdSize } from '../bus/message-limit.ts';
import { within } from '../bus/wire-message.ts';
import type { StoredRecord, UnreadableRecord } from '../ports/records.ts';
import type { Health, Log, Metrics } from '../ports/service.ts';

export interface RecordSurroundings {
  log: Log;
  metrics: Metrics;
  health: Health;
}

/** Turns the texts of one bucket into records and back, and keeps account of those that cannot be read. */
export interface RecordReader<T> {
  /** Throws `invalid_input` for what does not fit the schema or cannot be a key, `too_large` for more than `bytesMax`. */
  encode(key: string, value: T, bytesMax: number): string;
  /** Never throws. An unreadable text is logged and counted once a revision. */
  read(key: string, text: string, revision: number): StoredRecord<T> | UnreadableRecord;
  /** Takes in what is there now under a key (undefined: nothing), for the report of health. */
  present(key: string, record: StoredRecord<T> | UnreadableRecord | undefined): void;
  /** Takes in all that is there now. */
  presentAll(records: Iterable<StoredRecord<T> | UnreadableRecord>): void;
}

const problemsMax = 3;
const namedMax = 5;

export function createRecordReader<T>(
  bucket: string,
  schema: TSchema,
  { log, metrics, health }: RecordSurroundings,
): RecordReader<T> {
  const counter = metrics.counter(
    'capacity_planner_unreadable_records_total',
    'Revisions of stored records that could not be read',
    ['bucket'],
  );
  const loggedRevisions = new Map<string, number>();
  const unreadable = new Map<string, UnreadableRecord>();
  health.watch(`records of ${bucket}`, () => ({ ready: true, detail: describeAll([...unreadable.values()]) }));

  const problemOf = (text: string): { value: T } | { problem: string } => {
    try {
      const value = JSON.parse(text) as T;
      const checked = check(schema, value);
      return checked.ok ? { value } : { problem: checked.problems.slice(0, problemsMax).join('; ') };
    } catch (error) {
      return { problem: `it is not JSON: ${String(error)}` };
    }
  };

  const present: RecordReader<T>['present'] = (key, record) => {
    if (record && !isReadable(record)) unreadable.set(key, record);
    else if (unreadable.delete(key)) loggedRevisions.delete(key);
  };

  return {
    encode: (key, value, bytesMax) => {
      within(() => keyTokens(key));
      const checked = check(schema, value);
      if (!checked.ok) {
        const message = `a record of ${bucket} does not fit its schema: ${checked.problems.join('; ')}`;
        throw new CapacityError('invalid_input', message, { detail: checked.problems });
      }
      const text = JSON.stringify(value);
      holdSize(`the record ${key} of ${bucket}`, text, bytesMax);
      return text;
    },
    read: (key, text, revision) => {
      const outcome = problemOf(text);
      if ('value' in outcome) return { key, value: outcome.value, revision };
      if (loggedRevisions.get(key) !== revision) {
        loggedRevisions.set(key, revision);
        counter.add({ bucket });
        log.error(
          { bucket, key, revision, problem: outcome.problem },
          'A stored record cannot be read and is left out',
        );
      }
      return { key, value: undefined, revision, unreadable: outcome.problem };
    },
    present,
    presentAll: (records) => {
      const now = new Map([...records].map((record) => [record.key, record]));
      for (const key of unreadable.keys()) if (!now.has(key)) present(key, undefined);
      for (const [key, record] of now) present(key, record);
    },
  };
}

export function isReadable<T>(record: StoredRecord<T> | UnreadableRecord): record is StoredRecord<T> {
  return !('unreadable' in record);
}

/** The record, or the error for those who cannot go past it. */
export function readable<T>(
  bucket: string,
  record: StoredRecord<T> | UnreadableRecord | undefined,
): StoredRecord<T> | undefined {
  if (!record || isReadable(record)) return record;
  const { key, revision, unreadable } = record;
  const message = `the record ${key} of ${bucket} at revision ${revision} cannot be read: ${unreadable}; put it anew or remove it`;
  throw new CapacityError('unreadable_record', message, { detail: { bucket, key, revision, problem: unreadable } });
}

function describeAll(records: readonly UnreadableRecord[]): string {
  if (records.length === 0) return 'all readable';
  const named = records
    .slice(0, namedMax)
    .map(({ key, revision, unreadable }) => `${key} at ${revision}: ${unreadable}`);
  const more = records.length > namedMax ? `; and ${records.length - namedMax} more` : '';
  return `${records.length} cannot be read: ${named.join('; ')}${more}`;
}
