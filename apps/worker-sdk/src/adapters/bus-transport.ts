import type { Bus } from '@capplan/runtime';
import type { WorkerTransport } from '../transport.ts';

/** Reports over the bus of this process: for workers that live beside a service, and for tests. */
export function createBusTransport(bus: Pick<Bus, 'ingest'>): WorkerTransport {
  return {
    send: async (kind, report) => {
      await bus.ingest(kind, report);
    },
    close: async () => {},
  };
}
