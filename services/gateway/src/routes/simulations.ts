import { CapacityError, Identifier, systemKey } from '@capplan/contracts';
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { actorFor } from '../access.ts';
import { type RouteContext, type TypedApp, visible } from './route-context.ts';

/** The simulator checks a scenario itself, and names the field that is off. */
const Scenario = Type.Object({}, { additionalProperties: true });

export function simulationRoutes(app: TypedApp, { owners, simulations, replies }: RouteContext): void {
  app.post(
    '/simulate',
    {
      config: { permission: 'capacity:simulate' },
      schema: { tags: ['simulations'], summary: 'Run a what-if simulation', body: Scenario },
    },
    async (request, reply) => {
      const signal = goneSignal(reply);
      const { status, body } = await replies.once(request, 200, () =>
        simulations.simulate(request.body, { actor: actorFor(request), signal }),
      );
      return reply.status(status).send(visible(request, body));
    },
  );

  app.get(
    '/simulate/:id',
    {
      config: { permission: 'capacity:read' },
      schema: {
        tags: ['simulations'],
        summary: 'A simulation: the newest 2,000 are kept, for 7 days',
        params: Type.Object({ id: Identifier }),
      },
    },
    async (request) =>
      visible(
        request,
        await owners.ask(
          'simulation.get',
          { id: request.params.id },
          { key: systemKey('simulations'), actor: actorFor(request) },
        ),
      ),
  );

  app.post(
    '/simulate/:id/compare',
    {
      config: { permission: 'capacity:simulate' },
      schema: {
        tags: ['simulations'],
        summary: 'Compare a kept simulation with up to 9 other scenarios',
        params: Type.Object({ id: Identifier }),
        body: Type.Object({ scenarios: Type.Array(Scenario, { minItems: 1, maxItems: 9 }) }),
      },
    },
    async (request, reply) => {
      const actor = actorFor(request);
      const kept = await owners.ask(
        'simulation.get',
        { id: request.params.id },
        { key: systemKey('simulations'), actor },
      );
      if (kept.request === undefined || kept.request === null) {
        const said = `simulation ${request.params.id} has no scenario to compare with: it was too large to be kept`;
        throw new CapacityError('not_found', said);
      }
      const compared = await simulations.compare([kept.request, ...request.body.scenarios], {
        actor,
        signal: goneSignal(reply),
      });
      return visible(request, compared);
    },
  );
}

/** Aborted when the client closes the connection before it has its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed) gone.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}
