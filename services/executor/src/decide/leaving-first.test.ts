import { expect } from 'chai';
import { leavingFirst } from './leaving-first.ts';

describe('leavingFirst', () => {
  const workers = ['a', 'b', 'c', 'd'];
  for (const [says, busy, order] of [
    ['nothing is known', {}, 'd c b a'],
    ['all are idle', { a: 0, b: 0, c: 0, d: 0 }, 'd c b a'],
    ['all are equally busy', { a: 2, b: 2, c: 2, d: 2 }, 'd c b a'],
    ['the oldest are idle', { a: 0, b: 0, c: 2, d: 1 }, 'b a d c'],
    ['one is unknown', { a: 0, b: 1, d: 1 }, 'a c d b'],
    ['a slot is busy for a part of the time', { a: 0.2, b: 0, c: 1, d: 3 }, 'b c a d'],
  ] as [string, Record<string, number>, string][]) {
    it(`${says}: ${order}`, () => {
      expect(leavingFirst(workers, new Map(Object.entries(busy))).join(' ')).to.equal(order);
    });
  }
});
