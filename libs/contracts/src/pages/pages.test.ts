import { expect } from 'chai';
import Type from 'typebox';
import { isCapacityError } from '../errors.ts';
import { cursorAfter } from './cursor.ts';
import { cutPage, pageOf } from './cut-page.ts';
import { everyItem, everyPage } from './every-page.ts';
import { messageBytesMax } from './page-fields.ts';

interface Item {
  id: string;
  text: string;
}

const order = {
  list: 'item.list',
  placeOf: ({ id }: Item) => [id],
  idOf: ({ id }: Item) => id,
  shape: Type.Tuple([Type.String()]),
};
const items = (count: number, bytes = 10): Item[] =>
  Array.from({ length: count }, (_, i) => ({ id: String(i).padStart(6, '0'), text: 'x'.repeat(bytes) }));
const all = (list: () => Item[], limit?: number, direction: 'ascending' | 'descending' = 'ascending') =>
  everyItem(
    async (at) => pageOf(list(), { ...at, limit }, { ...order, direction }),
    (page) => page.items,
  );

describe('pages', () => {
  it('hold all items once, in order, whatever the limit', async () => {
    const list = items(57);
    for (const limit of [1, 2, 7, 57, 58, undefined]) {
      expect(await all(() => list.toReversed(), limit)).to.deep.equal(list);
      expect(await all(() => list, limit, 'descending')).to.deep.equal(list.toReversed());
    }
  });

  it('are cut by size: each fits into a message with room to spare, and no item is lost', async () => {
    const list = items(40, 60_000);
    let pages = 0;
    const seen: string[] = [];
    for await (const page of everyPage(async (at) => pageOf(list, at, { ...order, direction: 'ascending' }))) {
      expect(Buffer.byteLength(JSON.stringify(page))).to.be.lessThan(0.6 * messageBytesMax);
      seen.push(...page.items.map(({ id }) => id));
      pages += 1;
    }
    expect(seen).to.deep.equal(list.map(({ id }) => id));
    expect(pages).to.be.greaterThan(4);
  });

  it('count bytes, not characters', () => {
    const list = items(3).map(({ id }) => ({ id, text: '€'.repeat(100_000) }));
    expect(cutPage(list, order).items).to.have.length(1);
  });

  it('give an item of more than half a message a page of its own, and name one that is too large for any', () => {
    const list = [...items(2), { id: 'big', text: 'x'.repeat(700_000) }, { id: 'huge', text: 'x'.repeat(1_000_000) }];
    const first = cutPage(list, order);
    expect(first.items.map(({ id }) => id)).to.deep.equal(['000000', '000001']);
    const second = cutPage(list.slice(2), order);
    expect(second.items.map(({ id }) => id)).to.deep.equal(['big']);
    const third = cutPage(list.slice(3), order);
    expect(third).to.deep.equal({ items: [], left_out: [{ id: 'huge', bytes: 1_000_023 }] });
  });

  it('go on at the right place while the list changes between them', () => {
    const before = items(20);
    const first = pageOf(before, { limit: 10 }, { ...order, direction: 'ascending' });
    // One that was shown goes, one that was not goes, and one comes at either end.
    const after = [{ id: '', text: 'new' }, ...before.filter((_, i) => i !== 3 && i !== 12), { id: '9', text: 'new' }];
    const second = pageOf(after, { cursor: first.next_cursor as string }, { ...order, direction: 'ascending' });
    expect(second.items.map(({ id }) => id)).to.deep.equal([
      ...before.filter((_, i) => i > 9 && i !== 12).map(({ id }) => id),
      '9',
    ]);
  });

  it('go on after what was looked at when the list is longer than what was given', () => {
    const page = cutPage(items(2), { ...order, goesOnAfter: ['000001'] });
    expect(page.next_cursor).to.equal(cursorAfter('item.list', ['000001']));
    expect(cutPage(items(2), order).next_cursor).to.equal(undefined);
  });

  it('refuse a cursor that the list has not given, in a sentence', () => {
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const others = [
      'x',
      encoded(null),
      encoded({}),
      encoded(['item.list']),
      encoded(['item.list', 7]),
      encoded(['item.list', 'a', 'b']),
      cursorAfter('other.list', ['a']),
    ];
    for (const cursor of others) {
      const ask = () => pageOf(items(3), { cursor }, { ...order, direction: 'ascending' });
      expect(ask, cursor).to.throw(/^cursor: .* was not given by item\.list/);
      try {
        ask();
      } catch (error) {
        expect(isCapacityError(error, 'invalid_input')).to.equal(true);
      }
    }
  });

  it('end with an error when they would never end', async () => {
    expect(await all(() => [])).to.deep.equal([]);
    const circle = everyItem(
      async () => ({ next_cursor: 'again' }),
      () => [],
    );
    expect(isCapacityError(await circle.catch((error: unknown) => error), 'internal')).to.equal(true);
  });
});
