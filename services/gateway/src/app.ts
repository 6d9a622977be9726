import { CapacityError, check, readJson, strict } from '@capplan/contracts';
import type { ServiceContext } from '@capplan/runtime';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { guardAccess } from './access.ts';
import { createBusHealth } from './adapters/bus-health.ts';
import { RequestCounts } from './adapters/request-counts.ts';
import type { GatewayConfig } from './config.ts';
import { createIdempotentReplies } from './idempotency.ts';
import type { Owners, ScriptRunner, Simulations, TokenVerifier } from './ports.ts';
import { type Problem, problemOf, retryAfterSec } from './problem.ts';
import { historyRoutes } from './routes/history.ts';
import { observationRoutes } from './routes/observations.ts';
import { planRoutes } from './routes/plans.ts';
import { policyRoutes } from './routes/policies.ts';
import type { RouteContext, TypedApp } from './routes/route-context.ts';
import { simulationRoutes } from './routes/simulations.ts';
import { answerUnreadable } from './unreadable-request.ts';
import { isGatewayReady, wholeHealth } from './whole-health.ts';

export interface AppPorts {
  tokens: TokenVerifier;
  owners: Owners;
  simulations: Simulations;
  /** An ioredis client that counts requests across replicas; absent: each replica counts for itself. */
  rateLimitRedis?: ScriptRunner;
}

/** The REST gateway without an open port: what `inject` in a test talks to is what a client talks to. */
export async function buildApp(
  context: ServiceContext,
  config: GatewayConfig,
  ports: AppPorts,
): Promise<FastifyInstance> {
  const { bus, clock, metrics, tracer, log } = context;
  const app = Fastify({
    logger: false,
    bodyLimit: config.bodyLimitBytes,
    trustProxy: false,
    forceCloseConnections: true,
    // The longest name that a path may hold, as it is written with escapes.
    routerOptions: { maxParamLength: 512 },
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error)),
  });

  // What a body may hold is the same for every route, before any schema is asked.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: unknown, body: string | Buffer) => readJson(body.toString()),
  );

  app.setValidatorCompiler(({ schema, httpPart }) => {
    const closed = strict(schema as TSchema);
    return (data) => {
      // What stands in a path or a query is text; numbers and booleans are read from it before the check.
      const verdict = check(closed, httpPart === 'body' ? data : Value.Convert(closed, data));
      if (verdict.ok) return { value: verdict.value };
      return {
        error: new CapacityError('invalid_input', `${httpPart}: ${verdict.problems[0]}`, { detail: verdict.problems }),
      };
    };
  });
  app.setSerializerCompiler(() => JSON.stringify);

  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500)
      log.error({ error, method: request.method, path: request.routeOptions.url }, 'a request failed');
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const problem = problemOf(
      new CapacityError('not_found', `there is no ${request.method} ${request.url.split('?')[0]}`),
    );
    return sendProblem(reply, problem);
  });

  const duration = metrics.histogram('capacity_planner_api_request_duration_seconds', 'Time to answer a request', [
    'endpoint',
    'method',
  ]);
  app.addHook('onResponse', async (request, reply) => {
    duration.observe(reply.elapsedTime / 1000, {
      endpoint: request.routeOptions.url ?? 'unknown',
      method: request.method,
    });
  });
  const users = countUsers(60_000, () => clock.nowMs());
  const concurrentUsers = metrics.gauge('capacity_planner_concurrent_users_total', 'Users seen within the last minute');
  app.addHook('preHandler', async (request) => {
    if (request.identity) concurrentUsers.set(users.seen(request.identity.subject));
  });
  app.addHook('onRequest', (request, _reply, done) => {
    const headers: Record<string, string> = {};
    if (typeof request.headers.traceparent === 'string') headers.traceparent = request.headers.traceparent;
    // The rest of the request runs inside this span, because `done` continues it.
    void tracer.continue(headers, () =>
      tracer.span(
        `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
        { 'http.request.method': request.method },
        () => {
          const over = new Promise<void>((resolve) => {
            _reply.raw.once('close', resolve);
          });
          done();
          return over;
        },
      ),
    );
  });

  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        'default-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'style-src': ["'self'", "'unsafe-inline'"],
      },
    },
  });
  guardAccess(app, { tokens: ports.tokens, bus, clock });
  await app.register(rateLimit, {
    max: config.requestsPerMinute,
    timeWindow: 60_000,
    hook: 'preValidation',
    keyGenerator: (request) => request.identity?.subject ?? request.ip,
    allowList: (request) => request.routeOptions.config.permission === undefined,
    store: class extends RequestCounts {
      constructor() {
        super(ports.rateLimitRedis, () => clock.nowMs());
      }
    },
    errorResponseBuilder: (_request, { after, max }) =>
      new CapacityError('rate_limited', `more than ${max} requests a minute; try again in ${after}`),
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Capacity Planner',
        version: '1.0.0',
        description: 'Forecasts, plans and scales pools of queue workers.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      security: [{ bearer: [] }],
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });

  const answers = createBusHealth(bus, clock);
  const routeContext: RouteContext = {
    owners: ports.owners,
    simulations: ports.simulations,
    replies: createIdempotentReplies(context),
    clock,
    historyBatchesPerMinute: config.historyBatchesPerMinute,
    health: async () => wholeHealth(context.health.report(), await answers()),
  };
  await app.register(
    (api, _options, done) => {
      const typed = api as unknown as TypedApp;
      planRoutes(typed, routeContext);
      simulationRoutes(typed, routeContext);
      policyRoutes(typed, routeContext);
      observationRoutes(typed, routeContext);
      historyRoutes(typed, routeContext);
      done();
    },
    { prefix: '/api/v1/capacity' },
  );

  app.get('/health', { schema: { hide: true } }, async () => ({ status: 'ok' }));
  app.get('/ready', { schema: { hide: true } }, async (_request, reply) => {
    const report = context.health.report();
    const ready = isGatewayReady(report, await answers());
    if (!ready) reply.header('retry-after', unreadyRetrySec);
    return reply.status(ready ? 200 : 503).send({ ...report, ready });
  });
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').send(await metrics.text()),
  );
  return app;
}

/** When to look again whether a gateway has become ready. */
const unreadyRetrySec = 2;

/** The one place where a problem is sent. */
function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const afterSec = retryAfterSec(problem);
  if (afterSec !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', afterSec);
  return reply.status(problem.status).type('application/problem+json').send(problem);
}

/** Counts the different names seen within a window. */
function countUsers(windowMs: number, nowMs: () => number): { seen(name: string): number } {
  const lastSeenMs = new Map<string, number>();
  return {
    seen: (name) => {
      const now = nowMs();
      lastSeenMs.delete(name);
      lastSeenMs.set(name, now);
      for (const [other, seenMs] of lastSeenMs) {
        if (now - seenMs <= windowMs) break;
        lastSeenMs.delete(other);
      }
      return lastSeenMs.size;
    },
  };
}
