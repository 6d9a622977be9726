import { createHash } from 'node:crypto';
import { CapacityError, type ReplyData, type RequestData, timestamp } from '@capplan/contracts';
import type { IncomingRequest, ServiceContext } from '@capplan/runtime';
import type { CollectorConfig } from '../config.ts';
import type { HistoryStore } from '../ports.ts';
import { importedPoints } from './imported-points.ts';

const DAY_MS = 86_400_000;

/**
 * Takes one batch of a past that was measured elsewhere into the history, and says so to whoever learns from it.
 *
 * A batch is taken as a whole or refused as a whole. The event goes out after the rows are stored, under an id that
 * follows from what they say: a batch that is sent again, because its answer was lost, is announced again at most once.
 *
 * @throws `invalid_input` that names every row that is off
 */
export async function takeImport(
  { bus, clock }: Pick<ServiceContext, 'bus' | 'clock'>,
  { historyDays }: Pick<CollectorConfig, 'historyDays'>,
  history: HistoryStore,
  { data, actor }: Pick<IncomingRequest<'history.import'>, 'data' | 'actor'>,
): Promise<ReplyData<'history.import'>> {
  const { pool, rows, import_id: importId } = data;
  const nowMs = clock.nowMs();
  const checked = importedPoints(rows, { nowMs, keptFromMs: nowMs - historyDays * DAY_MS });
  if (!checked.ok) {
    const said = `${checked.problems.length} of ${rows.length} rows cannot be taken, and so none was: ${checked.problems[0]}`;
    throw new CapacityError('invalid_input', said, { detail: checked.problems });
  }
  const { points, tooOld, distrusted, gaps } = checked;
  const knownUntilMs = importId === undefined ? undefined : await history.importedUntilMs(pool, importId);
  const lastMs = rows.length === 0 ? undefined : Date.parse((rows.at(-1) as (typeof rows)[number]).timestamp);
  const untilMs = latest(knownUntilMs, lastMs);
  const outcome = await history.import(pool, points, {
    nowMs,
    ...(importId !== undefined && untilMs !== undefined && { importId, untilMs }),
  });
  const [first, last] = [points[0], points.at(-1)];
  if (first !== undefined && last !== undefined) {
    await bus.publish({
      type: 'history.imported',
      key: pool,
      cause: contentOf(data),
      actor,
      data: {
        pool,
        from: timestamp(Date.parse(first.timestamp) - first.interval_s * 1000),
        to: last.timestamp,
        rows: points.length,
        stored: outcome.stored,
        imported_at: timestamp(clock.nowMs()),
      },
    });
  }
  return {
    pool,
    rows: rows.length,
    ...outcome,
    too_old: tooOld,
    distrusted,
    gaps,
    stored_until: untilMs === undefined ? null : timestamp(untilMs),
  };
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

function contentOf({ rows }: RequestData<'history.import'>): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 32);
}
