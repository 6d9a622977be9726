import { expect } from 'chai';
import fc from 'fast-check';
import { createDemand } from './demand.ts';

const traceOf = (ratesPerSec: number[], intervalSec: number) => ({
  name: 'demand',
  startMs: 0,
  intervalSec,
  ratesPerSec: Float64Array.from(ratesPerSec),
});
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

describe('createDemand', () => {
  it('keeps the count of each interval exactly', () => {
    const demand = createDemand({ trace: traceOf([1, 0, 2.5], 600), seed: 1 });
    expect(demand.stepSec).to.equal(60);
    expect([0, 10, 20].map((from) => sum(demand.counts.slice(from, from + 10)))).to.deep.equal([600, 0, 1500]);
  });

  it('carries remainders on, so that nothing is lost to rounding', () => {
    const demand = createDemand({ trace: traceOf(Array<number>(100).fill(0.125 / 60), 60), seed: 1 });
    expect(sum(demand.counts)).to.equal(13);
  });

  it('never has more than a job between its total and the rates, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('held' as const, 'interpolated' as const),
        (rates, within) => {
          const demand = createDemand({ trace: traceOf(rates, 300), within, seed: 3 });
          expect(Math.abs(sum(demand.counts) - sum(rates) * 300)).to.be.lessThan(1);
          expect(Math.abs(sum(demand.ratesPerSec) * 60 - sum(rates) * 300)).to.be.lessThan(1e-6);
        },
      ),
    );
  });

  it('is flat inside an interval when held, and joins neighbours when interpolated', () => {
    const trace = traceOf([1, 3, 5], 600);
    expect(
      new Set(
        createDemand({ trace, within: 'held', seed: 1 })
          .ratesPerSec.slice(10, 20)
          .map((x) => +x.toFixed(9)),
      ),
    ).to.have.length(1);
    const { ratesPerSec } = createDemand({ trace, within: 'interpolated', seed: 1 });
    expect(ratesPerSec[10]).to.be.closeTo(2.1, 1e-9);
    expect(ratesPerSec[19]).to.be.closeTo(3.9, 1e-9);
  });

  it('bridges what was not measured with a straight line, and says how much', () => {
    const demand = createDemand({ trace: traceOf([1, Number.NaN, Number.NaN, 4, Number.NaN], 60), seed: 1 });
    expect([...demand.ratesPerSec]).to.deep.equal([1, 2, 3, 4, 4]);
    expect(demand.bridged).to.equal(3);
  });

  it('refuses a stretch in which nothing was measured', () => {
    expect(() => createDemand({ trace: traceOf([Number.NaN], 60), seed: 1 })).to.throw('no measured interval');
  });

  it('repeats itself for the same seed', () => {
    const trace = traceOf([2, 3], 3600);
    const counts = (seed: number) => createDemand({ trace, seed }).counts;
    expect(counts(1)).to.deep.equal(counts(1));
    expect(counts(1)).to.not.deep.equal(counts(2));
  });
});
