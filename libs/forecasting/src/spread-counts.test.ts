import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import fc from 'fast-check';
import { spreadCounts } from './spread-counts.ts';

const level = (ratePerSec: number) => ({
  ratePerSec,
  intervalSec: 3600,
  beforePerSec: ratePerSec,
  afterPerSec: ratePerSec,
});
const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

describe('spreadCounts', () => {
  it('keeps the jobs of the interval to within one, whatever its neighbours', () => {
    const rate = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1000, noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1000, noNaN: true }),
        rate,
        rate,
        fc.integer({ min: 2, max: 60 }),
        fc.integer(),
        (ratePerSec, beforePerSec, afterPerSec, parts, seed) => {
          const interval = { ratePerSec, intervalSec: 60 * parts, beforePerSec, afterPerSec };
          const spread = spreadCounts(interval, parts, createRandomStream(seed));
          expect(spread).to.have.length(parts);
          expect(Math.min(...spread)).to.be.at.least(0);
          expect(Math.abs(sum(spread) * 60 - ratePerSec * interval.intervalSec)).to.be.at.most(1 + 1e-6);
        },
      ),
    );
  });

  for (const [ratePerSec, name] of [
    [0.02, 'few'],
    [0.5, 'some'],
    [40, 'many'],
  ] as const) {
    it(`varies like counts where there are ${name}`, () => {
      const random = createRandomStream(name);
      const parts = 60;
      let squares = 0;
      const rounds = 400;
      for (let i = 0; i < rounds; i++) {
        for (const rate of spreadCounts(level(ratePerSec), parts, random)) squares += (60 * (rate - ratePerSec)) ** 2;
      }
      // Given their sum, counts vary by a part in `parts` less than Poisson counts.
      const wanted = 60 * ratePerSec * (1 - 1 / parts);
      expect(squares / (rounds * parts) / wanted).to.be.within(0.96, 1.05);
    });
  }

  it('rises and falls as its neighbours do, without a step at the ends and without a new peak', () => {
    const random = createRandomStream('slope');
    const mean = (beforePerSec: number, afterPerSec: number): number[] => {
      const totals = new Float64Array(4);
      for (let i = 0; i < 400; i++) {
        const interval = { ...level(10), beforePerSec, afterPerSec };
        for (const [part, rate] of spreadCounts(interval, 4, random).entries())
          totals[part] = (totals[part] ?? 0) + rate / 400;
      }
      return [...totals];
    };
    for (const [i, rate] of mean(6, 14).entries())
      expect(rate).to.be.closeTo([8.5, 9.5, 10.5, 11.5][i] as number, 0.05);
    for (const rate of mean(6, 6)) expect(rate).to.be.closeTo(10, 0.05);
    for (const rate of mean(Number.NaN, 14)) expect(rate).to.be.closeTo(10, 0.05);
  });

  it('leaves one part and what is unknown as they are', () => {
    const random = createRandomStream(1);
    expect([...spreadCounts(level(0.123), 1, random)]).to.deep.equal([0.123]);
    expect([...spreadCounts(level(Number.NaN), 3, random)]).to.deep.equal([Number.NaN, Number.NaN, Number.NaN]);
    expect([...spreadCounts(level(0), 3, random)]).to.deep.equal([0, 0, 0]);
  });
});
