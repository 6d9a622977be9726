import {
  CapacityError,
  DurationText,
  durationSec,
  PoolId,
  pageRequestFields,
  systemKey,
  Timestamp,
} from '@capplan/contracts';
import Type from 'typebox';
import { actorFor } from '../access.ts';
import { type RouteContext, type TypedApp, visible } from './route-context.ts';

export function observationRoutes(app: TypedApp, { owners, health }: RouteContext): void {
  app.get(
    '/metrics',
    {
      config: { permission: 'metrics:read' },
      schema: {
        tags: ['metrics'],
        summary: 'The newest snapshot of one pool or of all',
        querystring: Type.Object({ pool: Type.Optional(PoolId), ...pageRequestFields }),
      },
    },
    async (request) =>
      visible(
        request,
        await owners.ask('load.current', request.query, {
          key: request.query.pool ?? systemKey('pools'),
          actor: actorFor(request),
        }),
      ),
  );

  app.get(
    '/metrics/history',
    {
      config: { permission: 'metrics:read' },
      schema: {
        tags: ['metrics'],
        summary: 'A pool’s past, averaged',
        querystring: Type.Object({
          pool: PoolId,
          from: Timestamp,
          to: Timestamp,
          every: Type.Optional(DurationText),
          ...pageRequestFields,
        }),
      },
    },
    async (request) => {
      const { pool, from, to, every, ...page } = request.query;
      if (Date.parse(to) <= Date.parse(from)) throw new CapacityError('invalid_input', 'to: must be later than from');
      const history = await owners.ask(
        'load.history',
        { pool, from, to, ...page, ...(every !== undefined && { every_s: durationSec(every) }) },
        { key: pool, actor: actorFor(request) },
      );
      return visible(request, history);
    },
  );

  app.get(
    '/forecast',
    {
      config: { permission: 'capacity:read' },
      schema: {
        tags: ['metrics'],
        summary: 'Demand forecast',
        querystring: Type.Object({ pool: PoolId, horizon: Type.Optional(DurationText) }),
      },
    },
    async (request) => {
      const { pool, horizon } = request.query;
      return owners.ask(
        'forecast.get',
        { pool, ...(horizon !== undefined && { horizon_s: durationSec(horizon) }) },
        { key: pool, actor: actorFor(request) },
      );
    },
  );

  app.get(
    '/health',
    { schema: { tags: ['system'], summary: 'How every service is, and the whole' } },
    async (_request, reply) => {
      const whole = await health();
      if (whole.status === 'down') reply.status(503).header('retry-after', 2);
      return reply.send(whole);
    },
  );

  app.get(
    '/audit',
    {
      config: { permission: 'audit:read' },
      schema: {
        tags: ['audit'],
        summary: 'The audit log',
        querystring: Type.Object({
          from_sequence: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
          ...pageRequestFields,
        }),
      },
    },
    async (request) =>
      visible(
        request,
        await owners.ask('audit.list', request.query, { key: systemKey('audit'), actor: actorFor(request) }),
      ),
  );

  app.get(
    '/audit/verification',
    {
      config: { permission: 'audit:read' },
      schema: { tags: ['audit'], summary: 'Walk the chain and say whether it is whole' },
    },
    async (request) => owners.ask('audit.verify', {}, { key: systemKey('audit'), actor: actorFor(request) }),
  );
}
