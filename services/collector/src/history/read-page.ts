import { cutPage, type HistoryPoint, type Page, placeOfCursor } from '@capplan/contracts';
import Type from 'typebox';
import type { HistoryStore } from '../ports.ts';
import { averagePoints } from './average.ts';

/** A question for a stretch of one pool's past. */
export interface HistoryQuestion {
  pool: string;
  fromMs: number;
  toMs: number;
  /** Length of the stretches that points are averaged into, seconds; a cursor keeps that of its first page. */
  everySec: number;
  cursor?: string | undefined;
  limit?: number | undefined;
}

/** Points fetched at once: about as many as the size of an answer leaves room for. */
const pieceMax = 2_000;

/**
 * One page of a pool's history. The range is read in pieces, from where the cursor stands, until the page is full: what a
 * page costs does not grow with the range that it is a part of. A gap is crossed in pieces of `pieceMax` stretches.
 *
 * @param intervalSec length of a measuring window: so fine, points are not averaged
 * @throws `invalid_input` for a cursor of another list
 */
export async function readHistoryPage(
  history: HistoryStore,
  { pool, fromMs, toMs, everySec, cursor, limit }: HistoryQuestion,
  intervalSec: number,
): Promise<Page<HistoryPoint> & { everySec: number }> {
  const place = placeOfCursor('load.history', cursor, Type.Tuple([Type.Number(), Type.Number()]));
  const [step, afterMs] = place ?? [everySec, fromMs - 1];
  const isRaw = step <= intervalSec;
  const wanted = Math.min(limit ?? pieceMax, pieceMax);
  const points: HistoryPoint[] = [];
  let readMs = afterMs;
  // One stretch more than is wanted shows whether the page is the last one.
  for (let stretches = wanted + 1; readMs < toMs && points.length <= wanted; stretches = nextPiece(stretches)) {
    const endMs = Math.min(toMs, endOfPiece(readMs, step, stretches));
    const piece = await history.read(pool, { fromMs: readMs + 1, toMs: endMs, everySec: step });
    points.push(...(isRaw ? piece : averagePoints(piece, step)));
    readMs = endMs;
  }
  const page = cutPage(points, {
    list: 'load.history',
    placeOf: (point) => [step, Date.parse(point.timestamp)],
    idOf: (point) => point.timestamp,
    limit: limit ?? Number.POSITIVE_INFINITY,
    ...(readMs < toMs && { goesOnAfter: [step, readMs] }),
  });
  return { ...page, everySec: step };
}

/** Pieces end with a stretch, aligned to the epoch as stretches are: half of one, averaged, would pass for the whole. */
function endOfPiece(afterMs: number, everySec: number, stretches: number): number {
  const everyMs = everySec * 1000;
  return Math.floor((Math.floor(afterMs / everyMs) + stretches) * everyMs);
}

/** A small page over a gap takes longer strides, so that its pieces are few. */
function nextPiece(stretches: number): number {
  return Math.min(2 * stretches, pieceMax);
}
