import type { Static, TSchema } from 'typebox';
import { CapacityError } from '../errors.ts';
import { check } from '../validation.ts';

/** Where an item stands in its list: what the list is ordered by, the most important first. */
export type Place = readonly (string | number)[];

/** The cursor that goes on after a place. */
export function cursorAfter(list: string, place: Place): string {
  return Buffer.from(JSON.stringify([list, ...place])).toString('base64url');
}

/**
 * The place that a cursor goes on after; undefined without a cursor.
 *
 * @param shape a tuple of what places of this list are made of
 * @throws `invalid_input` when this list has not given the cursor
 */
export function placeOfCursor<S extends TSchema>(
  list: string,
  cursor: string | undefined,
  shape: S,
): Static<S> | undefined {
  if (cursor === undefined) return undefined;
  const place = read(cursor);
  const checked = check(shape, place?.[0] === list ? place.slice(1) : undefined);
  if (!checked.ok) {
    throw new CapacityError(
      'invalid_input',
      `cursor: '${cursor.slice(0, 64)}' was not given by ${list}; send a next_cursor as it came, or none to begin anew`,
    );
  }
  return checked.value;
}

function read(cursor: string): unknown[] | undefined {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(place) ? place : undefined;
  } catch {
    return undefined;
  }
}
