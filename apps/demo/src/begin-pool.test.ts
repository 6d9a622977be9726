import { expect } from 'chai';
import { measuredStartupSec } from './begin-pool.ts';

describe('measuredStartupSec', () => {
  for (const [what, start, sec] of [
    ['what was measured', { tookSec: 41.6, declaredSec: 30, leastSec: 2 }, 42],
    ['no less than the least', { tookSec: 0.1, declaredSec: 30, leastSec: 2 }, 2],
    ['no more than a few times what was declared', { tookSec: 3600, declaredSec: 30, leastSec: 2 }, 150],
    ['what was declared when the workers have not all come', { tookSec: undefined, declaredSec: 30, leastSec: 2 }, 30],
  ] as const) {
    it(`is ${what}`, () => {
      expect(measuredStartupSec(start)).to.equal(sec);
    });
  }
});
