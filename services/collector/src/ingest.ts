import type { IngestKind } from '@capplan/contracts';
import type { Delivered, ServiceContext, Subscription } from '@capplan/runtime';
import type { CollectorConfig } from './config.ts';
import { type WindowReport, windowOf } from './observe/observation.ts';
import { happenedAtMs, reportTimeMs } from './observe/report-id.ts';
import { createSenderClocks } from './observe/sender-clocks.ts';
import type { WindowStore } from './ports.ts';

const kinds = ['heartbeat', 'job', 'arrival'] as const satisfies readonly IngestKind[];

/**
 * Takes the workers' reports into the windows under way. A report is acknowledged when the store has it.
 *
 * Left out and counted: reports whose pool is not the one of their subject (a worker speaks for its own pool only),
 * and reports of pools that nobody has registered.
 */
export async function takeReports(
  context: ServiceContext,
  config: CollectorConfig,
  windows: WindowStore,
  isKnown: (pool: string) => boolean,
): Promise<Subscription[]> {
  const taken = context.metrics.counter('capacity_planner_reports_total', 'Reports taken in', ['kind']);
  const refused = context.metrics.counter('capacity_planner_reports_refused_total', 'Reports left out', ['reason']);

  const clocks = createSenderClocks();

  const take = async (kind: IngestKind, message: Delivered<WindowReport['data']>): Promise<void> => {
    const report = { kind, data: message.envelope.data } as WindowReport;
    if (report.data.pool !== message.key) return refused.add({ reason: 'other_pool' });
    if (!isKnown(message.key)) return refused.add({ reason: 'unknown_pool' });
    // By the stream's clock, which is one for all senders and the same when a message comes again.
    const receivedAtMs = Math.min(message.storedAtMs, Math.floor(context.clock.nowMs()));
    const clockAheadMs = clocks.aheadMs(report, { receivedAtMs, sentAtMs: Date.parse(message.envelope.time) });
    const placement = {
      ownWindow: windowOf(reportTimeMs(report), config.intervalSec),
      window: windowOf(happenedAtMs(report, { receivedAtMs, clockAheadMs }), config.intervalSec),
      receivedAtMs,
      clockAheadMs,
    };
    if (await windows.put(message.key, report, placement)) taken.add({ kind });
    else refused.add({ reason: 'repeated' });
  };
  return Promise.all(
    kinds.map((kind) =>
      context.bus.consumeIngest(kind, { durable: `collector-${kind}`, concurrency: 64 }, (message) =>
        take(kind, message),
      ),
    ),
  );
}
