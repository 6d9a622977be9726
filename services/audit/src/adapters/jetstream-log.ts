import { auditCheckpointSubject, auditSubject, CapacityError, check, streams } from '@capplan/contracts';
import { streamCompression } from '@capplan/runtime';
import { DeliverPolicy, JetStreamApiCodes, JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { AuditLine, type AuditLog, type PlacedLine, readBytesMax } from '../ports.ts';

const nanosPerMs = 1_000_000;
/** Up to here lines are fetched one by one; a consumer costs more than a few of them. */
const fewLines = 16;
/** Lines asked for at once: the server sends them all, however large they are. */
const linesAtOnceMax = 64;

/**
 * The audit log on a JetStream stream: append-only (deletes are denied by the stream), kept for its retention.
 *
 * A line's position is its stream sequence. The compare-and-set is the server's check of the stream's last sequence,
 * which holds for all replicas at once.
 */
export async function openJetStreamAuditLog(
  connection: NatsConnection,
  { retentionMs, replicas = 1, timeoutMs = 5000 }: { retentionMs: number; replicas?: number; timeoutMs?: number },
): Promise<AuditLog> {
  const manager = await jetstreamManager(connection, { timeout: timeoutMs }).catch(unavailable);
  const client = jetstream(connection, { timeout: timeoutMs });
  const stream = streams.audit.name;
  await makeStream();

  async function makeStream(): Promise<void> {
    const wanted = { max_age: retentionMs * nanosPerMs, ...streamCompression(connection) };
    try {
      const { config } = await manager.streams.info(stream);
      const isAsWanted = config.max_age === wanted.max_age && config.compression === wanted.compression;
      if (!isAsWanted) await manager.streams.update(stream, wanted);
    } catch (error) {
      if (!isApiError(error, JetStreamApiCodes.StreamNotFound)) unavailable(error);
      const config = { subjects: [streams.audit.subject], num_replicas: replicas, ...wanted };
      await manager.streams.add({ name: stream, deny_delete: true, ...config }).catch(unavailable);
    }
  }

  const bounds = async () => {
    const { state } = await manager.streams.info(stream).catch(unavailable);
    return { first: Math.max(1, state.first_seq), last: state.last_seq };
  };

  const readOne = async (position: number): Promise<Uint8Array | undefined> => {
    try {
      return (await manager.streams.getMessage(stream, { seq: position }))?.data;
    } catch (error) {
      if (isApiError(error, JetStreamApiCodes.NoMessageFound)) return undefined;
      return unavailable(error);
    }
  };

  const readMany = async (from: number, count: number): Promise<PlacedLine[]> => {
    const found: PlacedLine[] = [];
    const consumer = await client.consumers
      .get(stream, { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from })
      .catch(unavailable);
    let bytes = 0;
    try {
      while (found.length < count && bytes < readBytesMax) {
        // As many as fit, if they are as large as those before.
        const fitting = bytes === 0 ? fewLines : Math.ceil(((readBytesMax - bytes) * found.length) / bytes);
        const asked = Math.min(count - found.length, linesAtOnceMax, fitting);
        const before = found.length;
        for await (const message of await consumer.fetch({ max_messages: asked, expires: timeoutMs })) {
          found.push({ position: message.seq, line: parse(message.data) });
          bytes += message.data.length;
        }
        if (found.length === before) break;
      }
    } catch (error) {
      unavailable(error);
    } finally {
      // A reader that failed must not stay behind at the server.
      await consumer.delete().catch(() => undefined);
    }
    return found;
  };

  return {
    bounds,
    async append(line, expectedLast) {
      const subject = line.kind === 'record' ? auditSubject : auditCheckpointSubject;
      try {
        const ack = await client.publish(subject, JSON.stringify(line), { expect: { lastSequence: expectedLast } });
        return { ok: true, position: ack.seq };
      } catch (error) {
        if (isApiError(error, JetStreamApiCodes.StreamWrongLastSequence)) return { ok: false, reason: 'conflict' };
        return unavailable(error);
      }
    },
    async read(fromPosition, limit) {
      const { first, last } = await bounds();
      const from = Math.max(first, fromPosition);
      const count = Math.min(limit, last - from + 1);
      if (count <= 0) return [];
      if (count > fewLines) return readMany(from, count);
      const found: PlacedLine[] = [];
      for (let position = from, bytes = 0; position < from + count && bytes < readBytesMax; position++) {
        const message = await readOne(position);
        if (message === undefined) continue;
        found.push({ position, line: parse(message) });
        bytes += message.length;
      }
      return found;
    },
  };
}

function parse(data: Uint8Array): AuditLine | undefined {
  try {
    const checked = check(AuditLine, JSON.parse(new TextDecoder().decode(data)));
    return checked.ok ? checked.value : undefined;
  } catch {
    return undefined;
  }
}

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

function unavailable(cause: unknown): never {
  throw new CapacityError('unavailable', `the audit log cannot be reached: ${String(cause)}`, { cause });
}
