import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { createServiceSource, type Distribution } from './service-source.ts';

const distributions: Distribution[] = [
  { kind: 'deterministic', meanSec: 2 },
  { kind: 'exponential', meanSec: 2 },
  { kind: 'erlang', meanSec: 2, phases: 3 },
  { kind: 'hyperexponential', meanSec: 2, scv: 3 },
  { kind: 'gamma', meanSec: 2, scv: 2 },
  { kind: 'gamma', meanSec: 2, scv: 0.3 },
  { kind: 'lognormal', meanSec: 2, scv: 1.5 },
  { kind: 'weibull', meanSec: 2, shape: 0.8 },
  { kind: 'pareto', alpha: 1.5, minSec: 0.5, maxSec: 20 },
  { kind: 'quantiles', valuesSec: [0, 1, 2, 10] },
  { kind: 'samples', valuesSec: [1, 2, 6] },
  {
    kind: 'bins',
    bins: [
      { lowSec: 0, highSec: 1, weight: 3 },
      { lowSec: 4, highSec: 5, weight: 1 },
    ],
  },
];

describe('createServiceSource', () => {
  for (const distribution of distributions) {
    const { kind, ...parameters } = distribution;
    it(`draws the ${kind} distribution with the mean and scv it claims, ${JSON.stringify(parameters)}`, () => {
      const source = createServiceSource(distribution, createRandomStream(5));
      const size = 400_000;
      const values = new Float64Array(size);
      source.fill(values, 0, size);
      const mean = values.reduce((sum, value) => sum + value, 0) / size;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
      expect(mean).to.be.closeTo(source.meanSec, 5 * source.meanSec * Math.sqrt((source.scv + 1e-12) / size));
      expect(variance / mean ** 2).to.be.closeTo(source.scv, 0.08 * source.scv + 1e-9);
      expect(Math.min(...values.subarray(0, 100_000))).to.be.at.least(0);
    });
  }

  it('has the tail of the exponential beyond the ziggurat’s base', () => {
    const source = createServiceSource({ kind: 'exponential', meanSec: 1 }, createRandomStream(8));
    const values = new Float64Array(2_000_000);
    source.fill(values, 0, values.length);
    for (const bound of [0.01, 0.5, 3, 7.7, 9]) {
      const expected = Math.exp(-bound) * values.length;
      const above = values.reduce((count, value) => count + (value > bound ? 1 : 0), 0);
      expect(Math.abs(above - expected), `beyond ${bound}`).to.be.below(5 * Math.sqrt(expected));
    }
  });

  it('gives the same numbers however they are cut into blocks', () => {
    const whole = new Float64Array(1000);
    const parts = new Float64Array(1000);
    createServiceSource({ kind: 'exponential', meanSec: 1 }, createRandomStream(2)).fill(whole, 0, 1000);
    const source = createServiceSource({ kind: 'exponential', meanSec: 1 }, createRandomStream(2));
    for (let i = 0; i < 1000; i += 125) source.fill(parts, i, i + 125);
    expect(parts).to.deep.equal(whole);
  });

  it('says which parameter is off', () => {
    const open = (distribution: Distribution) => () => createServiceSource(distribution, createRandomStream(1));
    expect(open({ kind: 'exponential', meanSec: -1 })).to.throw(RangeError, 'meanSec');
    expect(open({ kind: 'hyperexponential', meanSec: 1, scv: 0.5 })).to.throw(RangeError, 'scv');
    expect(open({ kind: 'samples', valuesSec: [] })).to.throw(RangeError, 'valuesSec');
    expect(open({ kind: 'pareto', alpha: 1, minSec: 2, maxSec: 1 })).to.throw(RangeError, 'minSec');
  });
});
