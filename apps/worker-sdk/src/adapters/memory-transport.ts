import { CapacityError, type IngestKind } from '@capplan/contracts';
import type { Report, WorkerTransport } from '../transport.ts';

export interface MemoryTransport extends WorkerTransport {
  /** What was stored, each id once, in the order of storing. */
  readonly stored: { kind: IngestKind; report: Report }[];
  /** What the next sends meet: `up` stores, `down` refuses, `lost_answer` stores and then says that it did not. */
  condition: 'up' | 'down' | 'lost_answer';
}

/** The twin of the real transports: keeps what it is given. */
export function createMemoryTransport(): MemoryTransport {
  const known = new Set<string>();
  const transport: MemoryTransport = {
    stored: [],
    condition: 'up',
    send: async (kind, report) => {
      if (transport.condition === 'down') throw new CapacityError('unavailable', 'the transport is down');
      const id = `${kind}:${report.key}:${report.cause}`;
      if (!known.has(id)) {
        known.add(id);
        transport.stored.push({ kind, report: structuredClone(report) as Report });
      }
      if (transport.condition === 'lost_answer') throw new CapacityError('unavailable', 'the answer got lost');
    },
    close: async () => {},
  };
  return transport;
}
