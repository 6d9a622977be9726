import { createHash, randomUUID } from 'node:crypto';
import { CapacityError } from '@capplan/contracts';
import type { ServiceContext } from '@capplan/runtime';
import type { FastifyRequest } from 'fastify';
import { identityFrom } from './access.ts';

interface KeptReply {
  requestHash: string;
  status: number;
  body: unknown;
}

/** Stands in the place of the reply while the work is under way. */
interface Claim {
  requestHash: string;
  claimedBy: string;
}

export interface IdempotentReplies {
  /**
   * Answers a repeated request (header `Idempotency-Key`) with the first answer, for 24 hours. Without the header
   * the work is simply done.
   *
   * The key is claimed before the work, for all gateways: of several requests at once one does the work.
   *
   * @throws `idempotency_mismatch` for the same key with another request, `conflict` while the first one is under way,
   *   `unavailable` when the key cannot be claimed; in all three cases nothing was done
   */
  once<T>(
    request: FastifyRequest,
    status: number,
    work: (requestId: string | undefined) => Promise<T>,
  ): Promise<{ status: number; body: T }>;
}

const keptForSec = 86_400;
/** How long the claim of a gateway outlives it. */
const claimedForSec = 15;
const renewEveryMs = 5_000;

export function createIdempotentReplies({
  cache,
  clock,
  log,
}: Pick<ServiceContext, 'cache' | 'clock' | 'log'>): IdempotentReplies {
  const claimOrReply = async (key: string, requestHash: string): Promise<Uint8Array | KeptReply> => {
    const claim = encode({ requestHash, claimedBy: randomUUID() });
    // Between the swap and the reading a claim may have run out: once more, and no more than that.
    for (let tries = 0; tries < 2; tries++) {
      if (await cache.swap(key, { from: undefined, to: claim }, { ttlSec: claimedForSec })) return claim;
      const present = await cache.get(key);
      if (present === undefined) continue;
      const kept = JSON.parse(Buffer.from(present).toString('utf8')) as KeptReply | Claim;
      if (kept.requestHash !== requestHash) {
        throw new CapacityError('idempotency_mismatch', 'this Idempotency-Key was sent before with another request');
      }
      if ('status' in kept) return kept;
      break;
    }
    throw new CapacityError('conflict', 'the first request with this Idempotency-Key is still under way; ask again');
  };

  /** Writes that follow the claim must not undo what was done: they are tried, and logged when they fail. */
  const settle = async (key: string, claim: Uint8Array, to: Uint8Array | undefined, ttlSec: number): Promise<void> => {
    try {
      if (await cache.swap(key, { from: claim, to }, { ttlSec })) return;
      log.warn({ key }, 'The claim of an idempotency key ran out before its request was over');
    } catch (error) {
      log.warn({ key, error }, 'What became of an idempotency key could not be stored');
    }
  };

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
      const claim = await claimOrReply(key, requestHash);
      if (!(claim instanceof Uint8Array)) {
        return { status: claim.status, body: claim.body as Awaited<ReturnType<typeof work>> };
      }
      const renewing = clock.every(
        renewEveryMs,
        async () => void (await cache.swap(key, { from: claim, to: claim }, { ttlSec: claimedForSec })),
        () => {
          // The next renewal may succeed; a claim that runs out is noticed at the end.
        },
      );
      try {
        const body = await work(requestId);
        await renewing.stop();
        await settle(key, claim, encode({ requestHash, status, body }), keptForSec);
        return { status, body };
      } catch (error) {
        await renewing.stop();
        await settle(key, claim, undefined, claimedForSec);
        throw error;
      }
    },
  };
}

function encode(kept: KeptReply | Claim): Uint8Array {
  return Buffer.from(JSON.stringify(kept));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
