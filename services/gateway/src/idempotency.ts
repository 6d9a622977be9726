import { createHash } from 'node:crypto';
import { CapacityError } from '@capplan/contracts';
import type { Cache } from '@capplan/runtime';
import type { FastifyRequest } from 'fastify';
import { identityFrom } from './access.ts';

interface KeptReply {
  requestHash: string;
  status: number;
  body: unknown;
}

export interface IdempotentReplies {
  /**
   * Answers a repeated request (header `Idempotency-Key`) with the first answer, for 24 hours. Without the header
   * the work is simply done. The same key with another body is refused.
   */
  once<T>(
    request: FastifyRequest,
    status: number,
    work: (requestId: string | undefined) => Promise<T>,
  ): Promise<{ status: number; body: T }>;
}

const keptForSec = 86_400;

export function createIdempotentReplies(cache: Cache): IdempotentReplies {
  return {
    once: async (request, status, work) => {
      const header = request.headers['idempotency-key'];
      if (header === undefined) return { status, body: await work(undefined) };
      if (typeof header !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(header)) {
        throw new CapacityError('invalid_input', 'Idempotency-Key: 1 to 128 visible characters');
      }
      const requestHash = hash(JSON.stringify([request.method, request.url, request.body]));
      const requestId = `idem-${hash(`${identityFrom(request).subject}\n${header}`).slice(0, 40)}`;
      const key = `gateway:idempotency:${requestId}`;
      const kept = await cache.get(key);
      if (kept) {
        const reply = JSON.parse(Buffer.from(kept).toString('utf8')) as KeptReply;
        if (reply.requestHash !== requestHash) {
          throw new CapacityError('idempotency_mismatch', 'this Idempotency-Key was sent before with another request');
        }
        return { status: reply.status, body: reply.body as Awaited<ReturnType<typeof work>> };
      }
      const body = await work(requestId);
      await cache.set(key, Buffer.from(JSON.stringify({ requestHash, status, body } satisfies KeptReply)), {
        ttlSec: keptForSec,
      });
      return { status, body };
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
