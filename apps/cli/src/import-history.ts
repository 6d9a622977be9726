import { createHash } from 'node:crypto';
import { type HistoryRow, historyRowsMax, type ReplyData, timestamp } from '@capplan/contracts';
import type { ArrivalTrace } from '@capplan/traces';
import type { GatewayClient } from './gateway-client.ts';

type Reply = ReplyData<'history.import'>;

/** What became of an import. */
export interface ImportSummary {
  /** Rows of the trace. */
  rows: number;
  /** Rows that an earlier run of the same import had brought already. */
  skipped: number;
  stored: number;
  unchanged: number;
  measured: number;
  too_old: number;
  distrusted: number;
  gaps: number;
  stored_until: string | null;
  /** Every row has been brought. */
  complete: boolean;
}

/** Rows whose digits no measurement deserves would only make batches larger. */
const digits = 9;

/** What was measured of a trace as rows, each in the place of its interval's end. */
export function historyRows(trace: ArrivalTrace): HistoryRow[] {
  const rows: HistoryRow[] = [];
  for (const [i, rate] of trace.ratesPerSec.entries()) {
    if (Number.isNaN(rate)) continue;
    const endMs = Math.round(trace.startMs + (i + 1) * trace.intervalSec * 1000);
    rows.push({
      timestamp: timestamp(endMs),
      interval_s: trace.intervalSec,
      arrival_rate: Number(rate.toPrecision(digits)),
    });
  }
  return rows;
}

/**
 * Brings a trace into the history of a pool, batch by batch. The same trace again goes on where the run before stopped;
 * a batch is taken as a whole or not at all.
 *
 * @param options.signal ends the import after the batch under way
 * @param options.onBatch hears of every batch that was taken
 */
export async function importHistory(
  client: GatewayClient,
  { pool, trace }: { pool: string; trace: ArrivalTrace },
  {
    signal,
    onBatch = () => {},
  }: { signal?: AbortSignal; onBatch?: (done: number, all: number, until: string | null) => void } = {},
): Promise<ImportSummary> {
  const rows = historyRows(trace);
  const importId = createHash('sha256').update(pool).update(JSON.stringify(rows)).digest('hex').slice(0, 32);
  const send = (batch: HistoryRow[]): Promise<Reply> =>
    client.post<Reply>('/metrics/history', { pool, import_id: importId, rows: batch });

  const { stored_until: known } = await send([]);
  const knownUntilMs = known === null ? Number.NEGATIVE_INFINITY : Date.parse(known);
  const todo = rows.filter((row) => Date.parse(row.timestamp) > knownUntilMs);
  const summary: ImportSummary = {
    rows: rows.length,
    skipped: rows.length - todo.length,
    ...{ stored: 0, unchanged: 0, measured: 0, too_old: 0, distrusted: 0, gaps: 0 },
    stored_until: known,
    complete: todo.length === 0,
  };
  for (let from = 0; from < todo.length && signal?.aborted !== true; from += historyRowsMax) {
    const batch = todo.slice(from, from + historyRowsMax);
    const reply = await send(batch);
    for (const name of ['stored', 'unchanged', 'measured', 'too_old', 'distrusted', 'gaps'] as const) {
      summary[name] += reply[name];
    }
    summary.stored_until = reply.stored_until;
    summary.complete = from + batch.length === todo.length;
    onBatch(summary.skipped + from + batch.length, rows.length, reply.stored_until);
  }
  return summary;
}
