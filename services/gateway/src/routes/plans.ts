import { Identifier, PlanStatus, PoolId, pageRequestFields, systemKey, WorkerCount } from '@capplan/contracts';
import Type from 'typebox';
import { actorFor } from '../access.ts';
import { type RouteContext, type TypedApp, visible } from './route-context.ts';

const PlanParams = Type.Object({ id: Identifier });
const Comment = Type.Union([Type.Object({ comment: Type.Optional(Type.String({ maxLength: 1024 })) }), Type.Null()]);

export function planRoutes(app: TypedApp, { owners, replies }: RouteContext): void {
  app.get(
    '/plan',
    {
      config: { permission: 'plans:read' },
      schema: {
        tags: ['plans'],
        summary: 'Compute a recommendation; keeps nothing',
        querystring: Type.Object({ pool: PoolId }),
      },
    },
    async (request) => {
      const { pool } = request.query;
      return visible(request, await owners.ask('plan.preview', { pool }, { key: pool, actor: actorFor(request) }));
    },
  );

  app.post(
    '/plan',
    {
      config: { permission: 'capacity:plan' },
      schema: {
        tags: ['plans'],
        summary: 'Create a plan and start its life',
        body: Type.Object({ pool: PoolId, target_workers: Type.Optional(WorkerCount) }),
      },
    },
    async (request, reply) => {
      const { status, body } = await replies.once(request, 201, (id) =>
        owners.ask('plan.create', request.body, {
          key: request.body.pool,
          actor: actorFor(request),
          ...(id && { id }),
        }),
      );
      return reply.status(status).send(visible(request, body));
    },
  );

  app.get(
    '/plans',
    {
      config: { permission: 'plans:read' },
      schema: {
        tags: ['plans'],
        summary: 'List plans, newest first',
        querystring: Type.Object({
          pool: Type.Optional(PoolId),
          status: Type.Optional(PlanStatus),
          ...pageRequestFields,
        }),
      },
    },
    async (request) =>
      visible(
        request,
        await owners.ask('plan.list', request.query, {
          key: request.query.pool ?? systemKey('plans'),
          actor: actorFor(request),
        }),
      ),
  );

  app.get(
    '/plan/:id',
    { config: { permission: 'plans:read' }, schema: { tags: ['plans'], summary: 'One plan', params: PlanParams } },
    async (request) => {
      const plan = await owners.ask(
        'plan.get',
        { plan_id: request.params.id },
        { key: systemKey('plans'), actor: actorFor(request) },
      );
      return visible(request, plan);
    },
  );

  const verbs = [
    { verb: 'apply', command: 'plan.apply', summary: 'Approve a plan and have it carried out' },
    { verb: 'approve', command: 'plan.approve', summary: 'Add an approval' },
    { verb: 'reject', command: 'plan.reject', summary: 'Refuse a plan' },
    {
      verb: 'rollback',
      command: 'plan.rollback',
      summary: 'Make a plan that goes back to the workers before this one',
    },
  ] as const;
  for (const { verb, command, summary } of verbs) {
    app.post(
      `/plan/:id/${verb}`,
      {
        config: { permission: 'plans:apply_manual' },
        schema: { tags: ['plans'], summary, params: PlanParams, body: Type.Optional(Comment) },
      },
      async (request) => {
        const { id } = request.params as { id: string };
        const comment = (request.body as { comment?: string } | null | undefined)?.comment;
        const plan = await owners.ask(
          command,
          { plan_id: id, ...(comment !== undefined && { comment }) },
          { key: systemKey('plans'), actor: actorFor(request) },
        );
        return visible(request, plan);
      },
    );
  }

  app.delete(
    '/plan/:id',
    {
      config: { permission: 'plans:apply_manual' },
      schema: { tags: ['plans'], summary: 'Cancel a plan', params: PlanParams },
    },
    async (request) =>
      visible(
        request,
        await owners.ask(
          'plan.cancel',
          { plan_id: request.params.id },
          { key: systemKey('plans'), actor: actorFor(request) },
        ),
      ),
  );

  app.get(
    '/rollouts',
    {
      config: { permission: 'plans:read' },
      schema: {
        tags: ['plans'],
        summary: 'What was really done',
        querystring: Type.Object({
          pool: Type.Optional(PoolId),
          plan_id: Type.Optional(Identifier),
          ...pageRequestFields,
        }),
      },
    },
    async (request) =>
      visible(
        request,
        await owners.ask('rollout.list', request.query, {
          key: request.query.pool ?? systemKey('rollouts'),
          actor: actorFor(request),
        }),
      ),
  );
}
