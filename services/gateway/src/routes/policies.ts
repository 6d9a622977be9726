import { randomBytes } from 'node:crypto';
import {
  CapacityError,
  Identifier,
  isPoolId,
  type Policy,
  PolicyDraft,
  Pool,
  pageRequestFields,
  systemKey,
  timestamp,
} from '@capplan/contracts';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { actorFor, identityFrom } from '../access.ts';
import { may, permissionForPolicy } from '../decide.ts';
import { type RouteContext, type TypedApp, visible } from './route-context.ts';

const Page = Type.Object(pageRequestFields);
const PolicyParams = Type.Object({ id: Identifier });
const PoolParams = Type.Object({ namespace: Type.String({ maxLength: 63 }), name: Type.String({ maxLength: 127 }) });
const Removal = Type.Object({
  drain: Type.Optional(Type.Boolean({ description: 'Its workers finish their jobs and leave' })),
});
const PoolDraft = Type.Omit(Pool, ['id', 'updated_at']);

export function policyRoutes(app: TypedApp, context: RouteContext): void {
  const { owners, replies, clock } = context;

  /** Whoever writes the prices may read them. */
  const settings = <T>(request: FastifyRequest, value: T): T =>
    may(identityFrom(request), 'policies:manage') ? value : visible(request, value);

  const completed = (request: FastifyRequest, draft: PolicyDraft, id: string): Policy => {
    const needed = permissionForPolicy(draft.mode);
    if (!may(identityFrom(request), needed))
      throw new CapacityError('forbidden', `a policy in mode ${draft.mode} needs the permission ${needed}`);
    if (draft.id !== undefined && draft.id !== id)
      throw new CapacityError('invalid_input', `the body names policy ${draft.id}, the path ${id}`);
    return {
      ...draft,
      id,
      enabled: draft.enabled ?? true,
      forecast: draft.forecast ?? {},
      cost: draft.cost ?? {},
      tags: draft.tags ?? [],
      updated_at: timestamp(clock.nowMs()),
    };
  };

  app.get(
    '/policies',
    {
      config: { permission: 'capacity:read' },
      schema: { tags: ['policies'], summary: 'List policies', querystring: Page },
    },
    async (request) =>
      settings(
        request,
        await owners.ask('policy.list', request.query, { key: systemKey('policies'), actor: actorFor(request) }),
      ),
  );

  app.post(
    '/policies',
    {
      config: { permission: 'policies:manage' },
      schema: { tags: ['policies'], summary: 'Create a policy', body: PolicyDraft },
    },
    async (request, reply) => {
      const { status, body } = await replies.once(request, 201, (requestId) => {
        const id = request.body.id ?? `policy-${requestId?.slice(-12) ?? randomBytes(6).toString('hex')}`;
        const policy = completed(request, request.body, id);
        return owners.ask(
          'policy.put',
          { policy, must: 'create' },
          { key: systemKey(id), actor: actorFor(request), ...(requestId && { id: requestId }) },
        );
      });
      return reply.status(status).send(settings(request, body));
    },
  );

  app.get(
    '/policies/:id',
    {
      config: { permission: 'capacity:read' },
      schema: { tags: ['policies'], summary: 'One policy', params: PolicyParams },
    },
    async (request) =>
      settings(
        request,
        await owners.ask(
          'policy.get',
          { id: request.params.id },
          { key: systemKey(request.params.id), actor: actorFor(request) },
        ),
      ),
  );

  app.put(
    '/policies/:id',
    {
      config: { permission: 'policies:manage' },
      schema: { tags: ['policies'], summary: 'Replace a policy', params: PolicyParams, body: PolicyDraft },
    },
    async (request) => {
      const policy = completed(request, request.body, request.params.id);
      return settings(
        request,
        await owners.ask(
          'policy.put',
          { policy, must: 'update' },
          { key: systemKey(policy.id), actor: actorFor(request) },
        ),
      );
    },
  );

  app.delete(
    '/policies/:id',
    {
      config: { permission: 'policies:manage' },
      schema: { tags: ['policies'], summary: 'Delete a policy that no pool uses', params: PolicyParams },
    },
    async (request, reply) => {
      await owners.ask(
        'policy.remove',
        { id: request.params.id },
        { key: systemKey(request.params.id), actor: actorFor(request) },
      );
      return reply.status(204).send();
    },
  );

  app.get(
    '/pools',
    { config: { permission: 'capacity:read' }, schema: { tags: ['pools'], summary: 'List pools', querystring: Page } },
    async (request) =>
      settings(
        request,
        await owners.ask('pool.list', request.query, { key: systemKey('pools'), actor: actorFor(request) }),
      ),
  );

  app.get(
    '/pools/:namespace/:name',
    { config: { permission: 'capacity:read' }, schema: { tags: ['pools'], summary: 'One pool', params: PoolParams } },
    async (request) => {
      const id = poolId(request.params);
      return settings(request, await owners.ask('pool.get', { id }, { key: id, actor: actorFor(request) }));
    },
  );

  app.put(
    '/pools/:namespace/:name',
    {
      config: { permission: 'pools:manage' },
      schema: { tags: ['pools'], summary: 'Create or replace a pool', params: PoolParams, body: PoolDraft },
    },
    async (request) => {
      const id = poolId(request.params);
      const pool: Pool = { ...request.body, id, updated_at: timestamp(clock.nowMs()) };
      return settings(request, await owners.ask('pool.put', { pool }, { key: id, actor: actorFor(request) }));
    },
  );

  app.delete(
    '/pools/:namespace/:name',
    {
      config: { permission: 'pools:manage' },
      schema: {
        tags: ['pools'],
        summary: 'Remove a pool; refused while its workers run, unless they are to be drained',
        params: PoolParams,
        querystring: Removal,
      },
    },
    async (request, reply) => {
      const id = poolId(request.params);
      await owners.ask('pool.remove', { id, ...request.query }, { key: id, actor: actorFor(request) });
      return reply.status(204).send();
    },
  );
}

function poolId({ namespace, name }: { namespace: string; name: string }): string {
  const id = `${namespace}/${name}`;
  if (!isPoolId(id))
    throw new CapacityError('invalid_input', `'${id}' is not a pool id: lower-case letters, digits, dots and dashes`);
  return id;
}
