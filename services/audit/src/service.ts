import { auditSubject, cutPage, placeOfCursor, type RequestName } from '@capplan/contracts';
import type { IncomingRequest, Service, ServiceContext, Subscription } from '@capplan/runtime';
import Type from 'typebox';
import { createAuditChain } from './chain.ts';
import type { AuditConfig } from './config.ts';
import { auditEntryOf, auditedEvents } from './decide.ts';
import type { AuditLog, Sealer } from './ports.ts';
import { createWalks } from './walks.ts';

export interface AuditPorts {
  log: AuditLog;
  sealer: Sealer;
}

export type AuditRules = Pick<AuditConfig, 'checkpointEvery' | 'repeatHorizon' | 'retentionDays'>;

const dayMs = 86_400_000;
const listLimitDefault = 100;
/** Lists that are read at the same time, and that may wait for it. */
const walksMax = 4;
const walksWaitingMax = 32;
/** Askers give up after five seconds. */
const answerMs = 4_000;
/** An event is tried for a month, half a minute apart: a log that was away that long is a matter for people. */
const deliveriesMax = 86_400;

/**
 * Records what was decided and done. Whoever wants to act asks for a receipt first (`audit.append`); what was said on
 * the bus about plans, rollouts, records and access is recorded as well, so that the two can be held against each other.
 */
export function createAudit(context: ServiceContext, config: AuditRules, { log, sealer }: AuditPorts): Service {
  const { bus, clock, health, metrics, tracer } = context;
  const appended = metrics.counter('capacity_audit_records_total', 'Records appended to the audit log', ['action']);
  const subscriptions: Subscription[] = [];
  let trouble = '';
  const walks = createWalks(clock, { atOnce: walksMax, waitingMax: walksWaitingMax, answerMs });
  const chain = createAuditChain({
    log,
    sealer,
    clock,
    config: { ...config, retentionMs: config.retentionDays * dayMs },
    onTrouble: (error) => context.log.warn({ error }, 'A checkpoint was not written; the next one covers it.'),
  });
  health.watch('audit log', () => ({ ready: trouble === '', detail: trouble || `stream of ${auditSubject}` }));

  const append: typeof chain.append = async (entry) => {
    try {
      const receipt = await tracer.span('audit.append', { action: entry.action }, () => chain.append(entry));
      trouble = '';
      appended.add({ action: entry.action });
      return receipt;
    } catch (error) {
      trouble = String(error);
      throw error;
    }
  };

  const answers: { [N in 'audit.append' | 'audit.list' | 'audit.verify']: (request: IncomingRequest<N>) => unknown } = {
    'audit.append': ({ data }) => append(data),
    'audit.list': async ({ data }) => {
      const [after] = placeOfCursor('audit.list', data.cursor, Type.Tuple([Type.Integer()])) ?? [];
      const fromSequence = after === undefined ? data.from_sequence : after + 1;
      const limit = data.limit ?? listLimitDefault;
      const { records, total, isMore } = await walks.run((untilMs) => chain.list({ fromSequence, limit, untilMs }));
      const last = records.at(-1);
      const { items, ...rest } = cutPage(records, {
        list: 'audit.list',
        placeOf: ({ sequence }) => [sequence],
        idOf: ({ sequence }) => String(sequence),
        ...(isMore && last && { goesOnAfter: [last.sequence] }),
      });
      return { records: items, total, ...rest };
    },
    'audit.verify': () => chain.verify(),
  };

  return {
    name: 'audit',
    async start() {
      await chain.checkKeys();
      for (const [name, answer] of Object.entries(answers)) {
        subscriptions.push(await bus.respond(name as RequestName, answer as never));
      }
      for (const type of auditedEvents) {
        subscriptions.push(
          await bus.consume(
            type,
            { durable: `audit-${type.replace('.', '-')}`, concurrency: 4, maxDeliveries: deliveriesMax },
            async ({ envelope }) => {
              await append(auditEntryOf(envelope));
            },
          ),
        );
      }
    },
    async stop() {
      chain.stop();
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop()));
    },
  };
}
