import { type AuditRecord, CapacityError, jsonBytes, messageBytesMax } from '@capplan/contracts';
import type { Clock } from '@capplan/runtime';
import type { AuditLog, RecordLine } from './ports.ts';

/** Which records somebody wants to see. */
export interface ListQuestion {
  /** The oldest one wanted; without it the newest `limit` records. */
  fromSequence?: number | undefined;
  limit: number;
  /** Until then there has to be an answer, ms since the epoch: the asker waits no longer. */
  untilMs?: number;
}

export interface RecordStretch {
  /** Oldest first; at least one where there is one. */
  records: AuditRecord[];
  /** Records that are kept in all. */
  total: number;
  /** Whether newer records follow. */
  isMore: boolean;
}

/** So much JSON of records fills a page, and ends the reading: no more is opened than can be sent. */
const bytesMax = messageBytesMax / 2;
/** Lines asked for at once. */
const linesMax = 500;
/** Checkpoints stand between records, now and then. */
const extraLines = 16;

type Bounds = Awaited<ReturnType<AuditLog['bounds']>>;

/**
 * A stretch of the log: at most `limit` records and about as many as a message holds, and what was read when the time was up.
 *
 * @param show a line as the record that it is shown as
 * @throws CapacityError `unavailable` when the time was up before there was any record to show
 */
export async function listRecords(
  { log, clock, show }: { log: AuditLog; clock: Pick<Clock, 'nowMs'>; show: (line: RecordLine) => AuditRecord },
  { fromSequence, limit, untilMs = Number.POSITIVE_INFINITY }: ListQuestion,
): Promise<RecordStretch> {
  const isLate = () => clock.nowMs() >= untilMs;
  const bounds = await log.bounds();
  const oldest = await nearestRecord(log, bounds, bounds.first, 1);
  const newest = await nearestRecord(log, bounds, bounds.last, -1);
  if (!oldest || !newest) return { records: [], total: 0, isMore: false };
  const wanted = Math.max(oldest.sequence, fromSequence ?? newest.sequence - limit + 1);
  const records: AuditRecord[] = [];
  let bytes = 0;
  // Each record has a position of its own, and checkpoints stand between: the place is known to within those.
  let from = await positionOf(log, wanted, {
    first: bounds.first + wanted - oldest.sequence,
    last: Math.max(bounds.first, bounds.last - Math.max(0, newest.sequence - wanted)),
  });
  while (from <= bounds.last && records.length < limit && bytes < bytesMax && !isLate()) {
    const lines = await log.read(from, Math.min(linesMax, limit - records.length + extraLines));
    const last = lines.at(-1);
    if (!last) break;
    for (const { line } of lines) {
      if (records.length === limit || bytes >= bytesMax) break;
      if (line?.kind !== 'record' || line.sequence < wanted) continue;
      const record = show(line);
      records.push(record);
      bytes += jsonBytes(record);
    }
    from = last.position + 1;
  }
  if (records.length === 0 && isLate()) {
    throw new CapacityError('unavailable', 'the audit log is read too slowly just now; ask again');
  }
  const total = newest.sequence - oldest.sequence + 1;
  return { records, total, isMore: (records.at(-1)?.sequence ?? newest.sequence) < newest.sequence };
}

/** The first position whose record is not older than this one. */
async function positionOf(log: AuditLog, sequence: number, bounds: Bounds): Promise<number> {
  let low = bounds.first;
  let high = bounds.last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [placed] = await log.read(middle, 1);
    const reached = placed?.line === undefined ? true : placed.line.sequence >= sequence;
    if (reached) high = middle;
    else low = (placed?.position ?? middle) + 1;
  }
  return low;
}

/** The record that stands nearest to an end of the log: a checkpoint or two may stand before it. */
async function nearestRecord(
  log: AuditLog,
  bounds: Bounds,
  from: number,
  step: 1 | -1,
): Promise<RecordLine | undefined> {
  for (let at = from; at >= bounds.first && at <= bounds.last && Math.abs(at - from) < extraLines; at += step) {
    const [placed] = await log.read(at, 1);
    if (placed?.line?.kind === 'record') return placed.line;
  }
  return undefined;
}
