import { StoreCompression } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';

/**
 * How this server is asked to compress a stream on its disk: S2 from version 2.10 on, and nothing (an empty object)
 * where it knows nothing of it. A stream that is there already is compressed from the server's next start on, block by
 * block; what was written before stays as it is.
 */
export function streamCompression(connection: NatsConnection): { compression?: StoreCompression } {
  const [major = 0, minor = 0] = (connection.info?.version ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 10) ? { compression: StoreCompression.S2 } : {};
}
