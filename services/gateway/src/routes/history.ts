import { messageBytesMax, requestCatalogue } from '@capplan/contracts';
import { actorFor, identityFrom } from '../access.ts';
import type { RouteContext, TypedApp } from './route-context.ts';

/** What is left of a message for its envelope. */
const batchBytesMax = messageBytesMax - 65_536;

const description = `Rows of demand that was measured elsewhere, oldest first, at most 5,000 and 960 KiB a batch. \`timestamp\` is the end of an
interval of \`interval_s\` seconds, as in \`GET /metrics/history\`; just one of \`arrival_rate\` (jobs per second) and \`arrived\` (jobs within the
interval) says what arrived; times without a row are unknown, not zero. A batch is taken as a whole or refused as a whole, with every row
that is off as \`rows/N\`, counted from 0. The same rows again change nothing, and nothing that was measured live is overwritten. With an
\`import_id\`, \`stored_until\` says where to go on, also for a batch without rows. The forecast of the pool is learned anew within seconds.`;

export function historyRoutes(app: TypedApp, { owners, historyBatchesPerMinute }: RouteContext): void {
  app.post(
    '/metrics/history',
    {
      bodyLimit: batchBytesMax,
      config: {
        permission: 'capacity:import',
        rateLimit: {
          max: historyBatchesPerMinute,
          keyGenerator: (request) => `history:${identityFrom(request).subject}`,
        },
      },
      schema: {
        tags: ['metrics'],
        summary: 'Bring a pool’s past along',
        description,
        body: requestCatalogue['history.import'].request,
      },
    },
    async (request) => owners.ask('history.import', request.body, { key: request.body.pool, actor: actorFor(request) }),
  );
}
