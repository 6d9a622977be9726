import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** One end of a socket on which both sides say JSON, one value a line. */
export interface JsonLines<Out> {
  /** Says nothing once the socket is gone: whoever must know learns of it through `onGone`. */
  say(line: Out): void;
  /** Resolves when all that was said has been handed over, or cannot be any more. */
  end(): Promise<void>;
  destroy(): void;
}

/**
 * Reads and writes lines on a connected socket.
 *
 * Whatever ends it (the other side leaves, resets, or says what is no JSON) has one outcome: `onGone`, once. No error of the
 * socket or of its line reader, which passes on the socket's errors as its own, reaches the process.
 */
export function jsonLines<In, Out>(
  socket: Socket,
  { onLine, onGone }: { onLine: (line: In) => void; onGone: () => void },
): JsonLines<Out> {
  const reader = createInterface({ input: socket });
  reader.on('error', () => {});
  socket.on('error', () => {});
  socket.once('close', () => {
    reader.close();
    onGone();
  });
  reader.on('line', (text) => {
    if (socket.destroyed) return;
    let line: In;
    try {
      line = JSON.parse(text) as In;
    } catch {
      socket.destroy();
      return;
    }
    onLine(line);
  });
  return {
    say: (line) => {
      if (socket.writable) socket.write(`${JSON.stringify(line)}\n`);
    },
    end: () =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve();
        socket.once('close', () => resolve());
        socket.end(() => resolve());
      }),
    destroy: () => void socket.destroy(),
  };
}
