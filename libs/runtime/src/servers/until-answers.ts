import { connect } from 'node:net';
import { CapacityError } from '@capplan/contracts';

export interface Question {
  /** Who is asked, for the error. */
  what: string;
  port: number;
  /** What a client that has connected says first, if anything. */
  greeting?: string | undefined;
  /** The answer (or its beginning) by which the server shows that it is ready. */
  isReady(answer: string): boolean;
  timeoutMs: number;
}

/** Resolves when a server on the loopback interface is ready. */
export async function untilAnswers({ what, port, greeting, isReady, timeoutMs }: Question): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    const answer = await firstAnswer(port, greeting).catch(() => '');
    if (isReady(answer)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new CapacityError('unavailable', `${what} does not answer on port ${port} after ${timeoutMs} ms`);
}

function firstAnswer(port: number, greeting: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(1_000, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('connect', () => {
      if (greeting) socket.write(greeting);
    });
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('utf8'));
    });
    socket.once('close', () => reject(new Error('closed')));
  });
}
