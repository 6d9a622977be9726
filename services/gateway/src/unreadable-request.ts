import type { Socket } from 'node:net';
import { CapacityError } from '@capplan/contracts';
import { problemOf } from './problem.ts';

/**
 * Answers what is not HTTP, or has too large a head, with a problem like any other. It says that the connection is
 * closed, because nobody knows where on it the next request would begin.
 */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const problem = problemOf(
    isLarge
      ? new CapacityError('too_large', 'the head of the request is larger than a server reads')
      : new CapacityError('invalid_input', `the request cannot be read: ${error.code ?? 'it is not HTTP'}`),
  );
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${isLarge ? 'Content Too Large' : 'Bad Request'}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
