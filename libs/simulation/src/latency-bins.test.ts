import { expect } from 'chai';
import fc from 'fast-check';
import { binCount, binLowerEdgeSec, binOf, quantilesOfBins, takeBins } from './latency-bins.ts';

describe('binOf', () => {
  it('puts every latency between the edges of its bin, under 0.4 % apart', () => {
    fc.assert(
      fc.property(fc.double({ min: 2e-6, max: 1e7, noNaN: true }), (latencySec) => {
        const bin = binOf(latencySec);
        expect(binLowerEdgeSec(bin)).to.be.at.most(latencySec);
        expect(binLowerEdgeSec(bin + 1)).to.be.above(latencySec);
        if (bin > 1) expect(binLowerEdgeSec(bin + 1) / binLowerEdgeSec(bin)).to.be.below(1.004);
      }),
    );
  });

  it('keeps zeros apart and what is beyond its range in the outer bins', () => {
    expect([0, 1e-12, 1e12].map(binOf)).to.deep.equal([0, 1, binCount - 1]);
  });
});

describe('quantiles of bins', () => {
  it('come within 0.4 % of those of the values, from a copy or in passing', () => {
    const latencies = fc.array(fc.double({ min: 1e-5, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(latencies, (values) => {
        const bins = new Uint32Array(binCount);
        for (const value of values) bins[binOf(value)]!++;
        const sorted = Float64Array.from(values).sort();
        const levels = [0.5, 0.95, 0.99];
        const kept = quantilesOfBins(bins, values.length, levels);
        for (const [i, level] of levels.entries()) {
          const exact = sorted[Math.ceil(level * values.length) - 1]!;
          expect(kept[i]! / exact).to.be.within(0.996, 1.004);
        }
        const out = new Float64Array(5);
        const totals = new Uint32Array(binCount);
        const found = takeBins(bins, { expected: values.length, levels, out, at: 1, totals });
        expect(found).to.equal(values.length);
        expect([...out.subarray(1, 4)]).to.deep.equal(kept);
        expect(quantilesOfBins(totals, values.length, levels)).to.deep.equal(kept);
        expect(bins.every((count) => count === 0)).to.equal(true);
      }),
    );
  });

  it('do not exist without values', () => {
    expect(quantilesOfBins(new Uint32Array(binCount), 0, [0.5])[0]).to.satisfy(Number.isNaN);
  });
});
