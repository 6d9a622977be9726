import { DiscardPolicy, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos, TimeoutError } from '@nats-io/nats-core';
import type { Log } from '../ports/service.ts';
import { apiCodeOf, isNoResponders, type NatsLink } from './nats-link.ts';

/** Keeps one small message of each replica, on disk like everything that must not be lost. */
const stream = { name: 'CAPACITY_PROBE', subject: 'capacity.probe.>' };
const streamNameInUse = 10_058;
const proofEveryMs = 3_000;
const proofTimeoutMs = 1_000;

export interface NatsWriteProof {
  /** Whether JetStream has stored what was last given to it, with the reason when it has not. */
  health(): { ready: boolean; detail: string };
  stop(): void;
}

/**
 * Proves every three seconds that JetStream stores: a connection that stands says nothing of a disk that is full, of
 * a server without JetStream or of a peer that is gone without a word. Resolves after the first proof, well or not.
 */
export async function proveNatsWrites(
  link: NatsLink,
  replica: { name: string; replicas: number },
  log: Log,
): Promise<NatsWriteProof> {
  const subject = stream.subject.replace('>', replica.name.replaceAll(/[^A-Za-z0-9_-]/g, '_'));
  let trouble = '';
  let isProving = false;

  const store = async (): Promise<void> => {
    try {
      await link.streams.publish(subject, '1', { timeout: proofTimeoutMs });
    } catch (error) {
      if (!isNoResponders(error)) throw error;
      await ensureProbeStream(link, replica.replicas);
      await link.streams.publish(subject, '1', { timeout: proofTimeoutMs });
    }
  };
  const prove = async (): Promise<void> => {
    if (isProving || !link.isUp()) return;
    isProving = true;
    // A process that was held up may miss one answer.
    const found = (await outcomeOf(store)) && (await outcomeOf(store));
    isProving = false;
    if (found !== '' && trouble === '') log.warn({ reason: found }, 'JetStream stores nothing');
    if (found === '' && trouble !== '') log.info({}, 'JetStream stores again');
    trouble = found;
  };
  const timer = setInterval(() => void prove(), proofEveryMs);
  timer.unref();
  const leave = link.onReconnect(() => void prove());
  await prove();
  return {
    health: () => {
      if (!link.isUp()) return { ready: false, detail: 'connecting' };
      return trouble === '' ? { ready: true, detail: 'connected' } : { ready: false, detail: trouble };
    },
    stop: () => {
      clearInterval(timer);
      leave();
    },
  };
}

async function ensureProbeStream(link: NatsLink, replicas: number): Promise<void> {
  try {
    await link.manager.streams.add({
      name: stream.name,
      subjects: [stream.subject],
      max_msgs_per_subject: 1,
      max_age: nanos(3_600_000),
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      num_replicas: replicas,
    });
  } catch (error) {
    if (apiCodeOf(error) !== streamNameInUse) throw error;
  }
}

/** Empty when the proof succeeds, else why it does not. */
async function outcomeOf(store: () => Promise<void>): Promise<string> {
  try {
    await store();
    return '';
  } catch (error) {
    if (error instanceof TimeoutError) return 'JetStream does not answer';
    if (isNoResponders(error)) return 'JetStream is not there';
    return `JetStream does not store: ${error instanceof Error ? error.message : String(error)}`;
  }
}
