import {
  CapacityError,
  type Envelope,
  type IngestKind,
  ingestSubject,
  messageId,
  streams,
  timestamp,
} from '@capplan/contracts';
import { type NatsAccess, natsDoor, natsRefusal } from '@capplan/runtime/nats';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Report, WorkerTransport } from '../transport.ts';

export interface NatsTransportOptions {
  /** One or more URLs, parted by commas; a user and password, or a token, may stand in them. */
  url: string;
  /** Name of the worker, as the server lists its connection. */
  name: string;
  /** How long a report may take to be stored. Default 3,000 ms. */
  timeoutMs?: number;
  /** How the worker shows who it is, and certificates. */
  access?: NatsAccess;
}

/**
 * Reports straight to NATS: one connection, two packages, nothing of the service runtime. A worker that may publish
 * `capacity.ingest.*.v1.<its pool>` and use its inbox has all the rights it needs.
 *
 * A lost connection is made again for ever; a report sent meanwhile fails, and the reporter sends it again.
 *
 * @throws CapacityError `unavailable` when the first connection cannot be made, `invalid_input` for an address or access
 *   that cannot be used
 */
export async function createNatsTransport(options: NatsTransportOptions): Promise<WorkerTransport> {
  const { url, name, timeoutMs = 3000 } = options;
  const { shownBy, ...door } = natsDoor(url, options.access);
  const connection = await connect({
    ...door,
    name,
    inboxPrefix: `_INBOX_${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    ignoreAuthErrorAbort: true,
  }).catch((cause: unknown) => {
    const refusal = natsRefusal(cause, shownBy);
    if (refusal !== undefined) throw new CapacityError('invalid_input', `NATS: ${refusal}`, { cause });
    throw new CapacityError('unavailable', `NATS cannot be reached: ${String(cause)}`, { cause });
  });
  const stream = jetstream(connection, { timeout: timeoutMs });

  const envelopeOf = <K extends IngestKind>(kind: K, { key, cause, data }: Report<K>): Envelope => ({
    id: messageId({ type: kind, key, cause }),
    type: kind,
    time: timestamp(Date.now()),
    key,
    actor: { id: name, kind: 'service' },
    data,
  });

  return {
    send: async (kind, report) => {
      const envelope = envelopeOf(kind, report);
      try {
        await stream.publish(ingestSubject(kind, report.key), JSON.stringify(envelope), {
          msgID: envelope.id,
          timeout: timeoutMs,
          expect: { streamName: streams.ingest.name },
        });
      } catch (cause) {
        throw new CapacityError('unavailable', `the report ${envelope.id} was not stored: ${String(cause)}`, { cause });
      }
    },
    close: async () => {
      if (!connection.isClosed()) await connection.close();
    },
  };
}
