import { expect } from 'chai';
import fc from 'fast-check';
import { createSketch } from './quantile-sketch.ts';
import { sketchFromWire } from './sketch-from-wire.ts';
import type { SketchWire } from './sketch-wire.ts';

function exampleWire(): SketchWire {
  const sketch = createSketch();
  for (const value of [0, 0.5, 1, 2, 2, 40]) sketch.add(value);
  return sketch.toWire();
}

describe('sketchFromWire', () => {
  it('reads back what toWire wrote, through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 100 }), (list) => {
        const sketch = createSketch();
        for (const value of list) sketch.add(value);
        const read = sketchFromWire(JSON.parse(JSON.stringify(sketch.toWire())));
        if (!read.ok) throw new Error(read.detail);
        expect(read.sketch.toWire()).to.deep.equal(sketch.toWire());
        if (list.length > 0) expect(read.sketch.quantile(0.9)).to.equal(sketch.quantile(0.9));
      }),
    );
  });

  it('accepts a merge of sketches of different accuracy', () => {
    const fine = createSketch({ relativeError: 0.005 });
    const coarse = createSketch({ relativeError: 0.3 });
    for (let i = 1; i < 500; i++) coarse.add(i * 1.37);
    fine.merge(coarse);
    expect(sketchFromWire(fine.toWire())).to.include({ ok: true });
  });

  const bad: [string, Record<string, unknown>, string][] = [
    ['a missing field', { sum: undefined }, 'malformed'],
    ['a negative count', { count: -1 }, 'malformed'],
    ['a number that JSON turned into null', { max: null }, 'malformed'],
    ['a count that is no number', { counts: [1, 'two'] }, 'malformed'],
    ['more counters than a sketch keeps', { counts: new Array(5000).fill(1) }, 'malformed'],
    ['an offset between two buckets', { offset: 0.5 }, 'malformed'],
    ['an accuracy that would need millions of buckets', { relative_error: 1e-9 }, 'malformed'],
    ['a count other than its buckets', { count: 7 }, 'inconsistent'],
    ['a mean above the maximum', { sum: 1e6 }, 'inconsistent'],
    ['a variance below zero', { sum_squares: 1 }, 'inconsistent'],
    ['a variance that no values under max can have', { sum_squares: 1e9 }, 'inconsistent'],
    ['min above max', { min: 50 }, 'inconsistent'],
    ['a maximum that lies in no bucket', { max: 4000, sum_squares: 1700 }, 'inconsistent'],
  ];
  for (const [title, change, reason] of bad) {
    it(`refuses ${title}`, () => {
      const read = sketchFromWire({ ...exampleWire(), ...change });
      expect(read).to.include({ ok: false, reason });
    });
  }

  it('refuses what is not an object', () => {
    for (const value of [null, 3, 'sketch', undefined]) expect(sketchFromWire(value).ok).to.equal(false);
  });
});
