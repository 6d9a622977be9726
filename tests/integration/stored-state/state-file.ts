import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';

/** One stream with the messages and durable consumers that were kept of it. */
export interface StoredStream {
  config: StreamConfig;
  /** Sequence of the newest message ever stored; the next one gets the number after it. */
  lastSequence: number;
  messages: { sequence: number; subject: string; headers: [string, string][]; data: string }[];
  consumers: { config: ConsumerConfig; acknowledged: number }[];
}

/** One Redis key as `DUMP` gives it. */
export interface StoredKey {
  key: string;
  /** -1 for a key without a time to live. */
  ttlMs: number;
  dump: string;
}

/** What an installation of one version left behind. Bytes are base64. */
export interface StoredState {
  version: string;
  streams: StoredStream[];
  keys: StoredKey[];
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);

export async function writeState(file: string, state: StoredState): Promise<void> {
  await writeFile(file, await zip(JSON.stringify(state), { level: 9 }));
}

export async function readState(file: string): Promise<StoredState> {
  return JSON.parse((await unzip(await readFile(file))).toString('utf8')) as StoredState;
}
