import { CapacityError } from '../errors.ts';

/**
 * All pages of a list, one after another.
 *
 * @param ask asks for one page; what it is given belongs into the question
 * @throws `internal` when an answer leads back to where it came from
 * @example
 * for await (const { pools } of everyPage((at) => ask('pool.list', at))) show(pools);
 */
export async function* everyPage<Page extends { next_cursor?: string }>(
  ask: (at: { cursor?: string }) => Promise<Page>,
): AsyncGenerator<Page, void> {
  let at: { cursor?: string } = {};
  for (;;) {
    const page = await ask(at);
    yield page;
    if (page.next_cursor === undefined) return;
    if (page.next_cursor === at.cursor) throw new CapacityError('internal', 'the pages of a list go round in a circle');
    at = { cursor: page.next_cursor };
  }
}

/** All items of a list: its pages put together. For lists that fit into memory. */
export async function everyItem<Page extends { next_cursor?: string }, T>(
  ask: (at: { cursor?: string }) => Promise<Page>,
  itemsOf: (page: Page) => readonly T[],
): Promise<T[]> {
  const items: T[] = [];
  for await (const page of everyPage(ask)) items.push(...itemsOf(page));
  return items;
}
