import { CapacityError, messageBytesMax } from '@capplan/contracts';

/** The server counts headers too: the message id, the trace. */
const headerBytes = 4_096;

/**
 * How much text one message may carry.
 *
 * @param maxPayloadBytes what the server takes, headers and all
 */
export function textBytesMax(maxPayloadBytes: number = messageBytesMax): number {
  return maxPayloadBytes - headerBytes;
}

/** @throws `too_large` when a text is longer than a message may be; it would be refused each time */
export function holdSize(what: string, text: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) {
    throw new CapacityError('too_large', `${what} has ${bytes} bytes, and a message carries at most ${bytesMax}`);
  }
}
