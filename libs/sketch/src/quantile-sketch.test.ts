import { expect } from 'chai';
import fc from 'fast-check';
import { BUCKETS_MAX, createSketch } from './quantile-sketch.ts';

const values = fc.array(fc.double({ min: 1e-3, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 300 });

function exactQuantile(sorted: readonly number[], p: number): number {
  const rank = Math.max(1, Math.ceil(p * sorted.length * (1 - 1e-12)));
  return sorted[rank - 1] as number;
}

describe('QuantileSketch', () => {
  it('keeps every quantile within its relative error', () => {
    fc.assert(
      fc.property(
        values,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(0.005, 0.01, 0.05),
        (list, p, e) => {
          const sketch = createSketch({ relativeError: e });
          for (const value of list) sketch.add(value);
          const exact = exactQuantile(
            [...list].sort((a, b) => a - b),
            p,
          );
          expect(Math.abs(sketch.quantile(p) - exact)).to.be.at.most(e * exact * (1 + 1e-9));
        },
      ),
    );
  });

  it('merges to the same sketch as if one had seen everything', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const merged = createSketch();
        const other = createSketch();
        const whole = createSketch();
        for (const value of left) merged.add(value);
        for (const value of right) other.add(value);
        for (const value of [...left, ...right]) whole.add(value);
        merged.merge(other);
        expect(merged.count).to.equal(whole.count);
        expect(merged.mean).to.be.closeTo(whole.mean, 1e-9 * whole.mean);
        for (const p of [0, 0.1, 0.5, 0.95, 0.99, 1]) expect(merged.quantile(p)).to.equal(whole.quantile(p));
      }),
    );
  });

  it('adds the errors of two sketches of different accuracy', () => {
    const coarse = createSketch({ relativeError: 0.05 });
    const fine = createSketch({ relativeError: 0.01 });
    for (let i = 1; i <= 1000; i++) coarse.add(i);
    fine.merge(coarse);
    expect(fine.quantile(0.5)).to.be.closeTo(500, 500 * 0.061);
    expect(fine.max).to.equal(1000);
  });

  it('knows the exact moments and extremes', () => {
    const sketch = createSketch();
    for (const value of [0, 2, 4]) sketch.add(value);
    sketch.add(6, 3);
    expect(sketch.count).to.equal(6);
    expect(sketch.mean).to.equal(4);
    expect(sketch.variance).to.be.closeTo(128 / 6 - 16, 1e-12);
    expect(sketch.scv).to.be.closeTo((128 / 6 - 16) / 16, 1e-12);
    expect([sketch.min, sketch.max]).to.deep.equal([0, 6]);
  });

  it('counts zeros apart and answers with them', () => {
    const sketch = createSketch();
    sketch.add(0, 60);
    sketch.add(1e-12, 20);
    sketch.add(5, 20);
    expect(sketch.zeroCount).to.equal(80);
    expect(sketch.quantile(0.8)).to.equal(0);
    expect(sketch.quantile(0.81)).to.be.closeTo(5, 0.05);
  });

  it('folds the smallest values when the range is wider than its counters', () => {
    const sketch = createSketch({ relativeError: 0.01 });
    for (let exponent = -8; exponent <= 300; exponent++) sketch.add(10 ** exponent);
    expect(sketch.buckets().length).to.be.at.most(BUCKETS_MAX);
    expect(sketch.quantile(0.99) / 1e297).to.be.closeTo(1, 0.011);
    expect(sketch.quantile(0)).to.equal(1e-8);
    expect(sketch.count).to.equal(309);
  });

  it('gives the same content whether values come rising, falling or mixed', () => {
    const list = Array.from({ length: 309 }, (_, i) => 10 ** (i - 8));
    const total = (order: number[]) => {
      const sketch = createSketch();
      for (const value of order) sketch.add(value);
      return sketch.toWire().counts;
    };
    expect(total([...list].reverse())).to.deep.equal(total(list));
  });

  it('lists buckets that hold all values between their bounds', () => {
    fc.assert(
      fc.property(values, (list) => {
        const sketch = createSketch();
        for (const value of list) sketch.add(value);
        const buckets = sketch.buckets();
        expect(buckets.reduce((sum, bucket) => sum + bucket.count, 0)).to.equal(list.length);
        for (const { lower, upper, value } of buckets) {
          expect(value).to.be.within(lower, upper);
          expect(upper).to.be.at.most(sketch.max);
        }
      }),
    );
  });

  it('answers NaN when empty, and leaves a merge with an empty one unchanged', () => {
    const sketch = createSketch();
    expect(sketch.quantile(0.5)).to.satisfy(Number.isNaN);
    expect(sketch.mean).to.satisfy(Number.isNaN);
    const other = createSketch();
    other.add(3);
    other.merge(sketch);
    expect(other.quantile(0.5)).to.be.closeTo(3, 0.03);
    expect(other.count).to.equal(1);
  });

  it('refuses what is not a duration', () => {
    const sketch = createSketch();
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => sketch.add(bad)).to.throw(RangeError);
    expect(() => sketch.add(1, 0)).to.throw(RangeError);
    expect(() => createSketch({ relativeError: 0 })).to.throw(RangeError);
  });
});
