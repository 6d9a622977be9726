import { messageBytesMax } from './page-fields.ts';

/** A record, or one item of a list, may have so much JSON: it has to travel in a message, with its envelope around it. */
export const recordBytesMax = messageBytesMax - 65_536;

/** What a value takes as JSON, bytes. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * As many items from the beginning of a list as fit into so many bytes of JSON together, the commas counted.
 *
 * @example fittingItems(newestFirst, 900_000) // the oldest ones are left out
 */
export function fittingItems<T>(items: readonly T[], bytesMax: number): T[] {
  let bytes = 0;
  const tooMany = items.findIndex((item) => {
    bytes += jsonBytes(item) + 1;
    return bytes > bytesMax;
  });
  return tooMany < 0 ? [...items] : items.slice(0, tooMany);
}
