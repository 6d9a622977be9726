import type { Clock } from '@capplan/runtime';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { identityFrom } from '../access.ts';
import { may, withoutCost } from '../decide.ts';
import type { IdempotentReplies } from '../idempotency.ts';
import type { Owners, Simulations } from '../ports.ts';
import type { WholeHealth } from '../whole-health.ts';

export type TypedApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** What routes stand on. */
export interface RouteContext {
  owners: Owners;
  simulations: Simulations;
  replies: IdempotentReplies;
  clock: Clock;
  /** Batches of imported history that a caller may send within a minute. */
  historyBatchesPerMinute: number;
  health(): Promise<WholeHealth>;
}

/** The value as this caller may see it. */
export function visible<T>(request: FastifyRequest, value: T): T {
  return may(identityFrom(request), 'cost:read') ? value : withoutCost(value);
}
