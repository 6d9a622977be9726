import { randomUUID } from 'node:crypto';
import type { AccessDecision, Actor } from '@capplan/contracts';
import { CapacityError, messageId, systemKey, timestamp } from '@capplan/contracts';
import type { Bus, Clock } from '@capplan/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { actorOf, type Identity, identityOf, may, type Permission } from './decide.ts';
import type { TokenVerifier } from './ports.ts';

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | null;
  }
  interface FastifyContextConfig {
    /** What the caller must be allowed to do; absent: anybody may ask. */
    permission?: Permission;
  }
}

export interface AccessDeps {
  tokens: TokenVerifier;
  bus: Bus;
  clock: Clock;
}

/** How long a call waits for a lost connection, ms. */
const connectionWaitMs = 300;
const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets a request through when its token is valid and its roles allow what the route does. A call that would change
 * something is told to the audit log before it is carried out, whether let through or refused: if that cannot be
 * stored, nothing is done.
 */
export function guardAccess(app: FastifyInstance, { tokens, bus, clock }: AccessDeps): void {
  app.decorateRequest('identity', null);

  const tell = async (
    type: 'access.granted' | 'access.denied',
    request: FastifyRequest,
    reason: string,
  ): Promise<void> => {
    const decision: AccessDecision = {
      subject: request.identity?.subject ?? 'unknown',
      roles: [...(request.identity?.roles ?? [])],
      method: request.method,
      path: request.url.split('?')[0]?.slice(0, 512) ?? '',
      from: request.ip,
      reason,
      time: timestamp(clock.nowMs()),
    };
    const key = systemKey('gateway');
    const cause = randomUUID();
    await bus.publish(
      {
        type,
        key,
        data: decision,
        cause,
        causationId: messageId({ type, key, cause }),
        actor: actorFor(request),
      },
      // A person waits: without a connection the answer is 'try again', at once.
      { connectionWaitMs },
    );
  };

  app.addHook('onRequest', async (request) => {
    const permission = request.routeOptions.config.permission;
    if (permission === undefined) return;
    const changes = !readingMethods.has(request.method);
    try {
      request.identity = await authenticate(tokens, request.headers.authorization);
      if (!may(request.identity, permission)) {
        throw new CapacityError(
          'forbidden',
          `this needs the permission ${permission}, which your roles (${request.identity.roles.join(', ') || 'none'}) do not give`,
        );
      }
    } catch (error) {
      if (changes && error instanceof CapacityError) await tell('access.denied', request, error.message.slice(0, 256));
      throw error;
    }
    if (changes) await tell('access.granted', request, `permission ${permission}`);
  });
}

async function authenticate(tokens: TokenVerifier, header: string | undefined): Promise<Identity> {
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/.exec(header ?? '')?.[1];
  if (token === undefined) throw new CapacityError('unauthenticated', 'send a token: Authorization: Bearer …');
  const verdict = identityOf(await tokens.verify(token));
  if (!verdict.ok) throw new CapacityError('unauthenticated', verdict.reason);
  return verdict.identity;
}

/** Who a guarded request is made by. */
export function identityFrom(request: FastifyRequest): Identity {
  if (!request.identity) throw new CapacityError('unauthenticated', 'this route needs a token');
  return request.identity;
}

export function actorFor(request: FastifyRequest): Actor {
  return request.identity ? actorOf(request.identity) : { id: 'unknown', kind: 'user' };
}
