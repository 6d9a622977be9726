import type { TSchema } from 'typebox';
import { cursorAfter, type Place, placeOfCursor } from './cursor.ts';
import { jsonBytes, recordBytesMax } from './fitting-items.ts';
import { type LeftOut, messageBytesMax, pageLimitMax } from './page-fields.ts';

/** A page of a list, as its owner answers it. */
export interface Page<T> {
  items: T[];
  next_cursor?: string;
  left_out?: LeftOut[];
}

interface ListOrder<T> {
  /** Name of the list; a cursor of another one is refused. */
  list: string;
  /** Where an item stands; no two items share a place, and an item keeps its own. */
  placeOf(item: T): Place;
  /** How an item is named that is too large to be shown. */
  idOf(item: T): string;
}

/** A page is full with so much JSON. */
const pageBytesMax = messageBytesMax / 2;
/** What naming an item costs beside its id. */
const leftOutBytes = 64;

/**
 * As much of a list as fits into one answer: at most `limit` items and half a mebibyte of JSON, and at least one item,
 * so that whoever asks on gets to the end. An item that is too large for any answer is named in `left_out` instead.
 *
 * @param items in their order, beginning after the cursor
 * @param goesOnAfter where to go on when all items fit, and the list is longer than what was given
 * @example cutPage(pools, { list: 'pool.list', limit: 100, placeOf: ({ id }) => [id], idOf: ({ id }) => id })
 */
export function cutPage<T>(
  items: readonly T[],
  { list, limit = pageLimitMax, placeOf, idOf, goesOnAfter }: ListOrder<T> & { limit?: number; goesOnAfter?: Place },
): Page<T> {
  const taken: T[] = [];
  const leftOut: LeftOut[] = [];
  let bytes = 0;
  let last: Place | undefined;
  let isFull = false;
  for (const item of items) {
    const size = jsonBytes(item);
    // One item alone may be as large as a record, and travels in a page of its own.
    const isTooLarge = size > recordBytesMax;
    const cost = isTooLarge ? Buffer.byteLength(idOf(item)) + leftOutBytes : size;
    isFull = last !== undefined && (taken.length >= limit || bytes + cost > pageBytesMax);
    if (isFull) break;
    if (isTooLarge) leftOut.push({ id: idOf(item), bytes: size });
    else taken.push(item);
    bytes += cost;
    last = placeOf(item);
  }
  const next = isFull ? last : goesOnAfter;
  return {
    items: taken,
    ...(next && { next_cursor: cursorAfter(list, next) }),
    ...(leftOut.length > 0 && { left_out: leftOut }),
  };
}

/**
 * A page of a list that is at hand as a whole. A cursor names the place to go on after, not a number of items: what is
 * added or removed between two questions neither repeats an item nor skips one.
 *
 * @param order.shape a tuple of what places are made of
 * @throws `invalid_input` for a cursor of another list
 */
export function pageOf<T>(
  items: readonly T[],
  asked: { cursor?: string; limit?: number },
  order: ListOrder<T> & { shape: TSchema; direction: 'ascending' | 'descending'; limitDefault?: number },
): Page<T> {
  const { list, shape, placeOf, limitDefault } = order;
  const sign = order.direction === 'ascending' ? 1 : -1;
  const after = placeOfCursor(list, asked.cursor, shape) as Place | undefined;
  const rest = items
    .map((item) => ({ item, place: placeOf(item) }))
    .filter(({ place }) => after === undefined || sign * comparePlaces(place, after) > 0)
    .sort((a, b) => sign * comparePlaces(a.place, b.place))
    .map(({ item }) => item);
  return cutPage(rest, { ...order, limit: asked.limit ?? limitDefault });
}

function comparePlaces(a: Place, b: Place): number {
  for (const [index, part] of a.entries()) {
    const other = b[index] as typeof part;
    if (part < other) return -1;
    if (part > other) return 1;
  }
  return 0;
}
