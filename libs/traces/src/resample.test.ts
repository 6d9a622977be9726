import { expect } from 'chai';
import fc from 'fast-check';
import { resample } from './resample.ts';
import { scaleToOfferedLoad } from './scale-to-offered-load.ts';
import { slice } from './slice.ts';

const trace = (rates: number[], { startMs = 0, intervalSec = 60 } = {}) => ({
  name: 'demo',
  startMs,
  intervalSec,
  ratesPerSec: Float64Array.from(rates),
});

describe('resample', () => {
  it('takes the mean of what is known when it gets coarser', () => {
    const coarse = resample(trace([1, 3, Number.NaN, 5, Number.NaN, Number.NaN]), 120);
    expect([...coarse.ratesPerSec]).to.deep.equal([2, 5, Number.NaN]);
  });

  it('holds values when it gets finer', () => {
    expect([...resample(trace([1, Number.NaN, 3]), 30).ratesPerSec]).to.deep.equal([
      1,
      1,
      Number.NaN,
      Number.NaN,
      3,
      3,
    ]);
  });

  it('begins at whole multiples of the new interval, with a first one covered in part', () => {
    const coarse = resample(trace([6, 1, 2, 3], { startMs: 840_000 }), 900);
    expect(coarse.startMs).to.equal(0);
    expect([...coarse.ratesPerSec]).to.deep.equal([6, 2]);
  });

  it('weighs by shared time when the intervals do not divide each other', () => {
    expect([...resample(trace([3, 6, 9]), 90).ratesPerSec]).to.deep.equal([4, 8]);
  });

  it('keeps the mean over whole intervals', () => {
    const rates = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(rates, fc.constantFrom(15, 30, 120, 180, 240, 360), (values, everySec) => {
        const mean = (list: Float64Array) => list.reduce((sum, x) => sum + x, 0) / list.length;
        const before = mean(trace(values).ratesPerSec);
        expect(mean(resample(trace(values), everySec).ratesPerSec)).to.be.closeTo(before, 1e-9 * (1 + before));
      }),
    );
  });
});

describe('scaleToOfferedLoad', () => {
  it('offers the load asked for over the stretch asked for', () => {
    const scaled = scaleToOfferedLoad(trace([9, 1, 3]), { meanServiceSec: 4, erlangs: 40, fromMs: 60_000 });
    expect(scaled.ok && [...scaled.trace.ratesPerSec]).to.deep.equal([45, 5, 15]);
  });

  it('says that there is nothing to scale', () => {
    const scaled = scaleToOfferedLoad(trace([1, 0, Number.NaN]), { meanServiceSec: 4, erlangs: 40, fromMs: 60_000 });
    expect(scaled).to.include({ ok: false, reason: 'no_demand' });
  });
});

describe('slice', () => {
  it('keeps the intervals that begin inside and moves the start', () => {
    const part = slice(trace([1, 2, 3, 4]), { fromMs: 60_000, toMs: 180_000 });
    expect(part).to.deep.equal(trace([2, 3], { startMs: 60_000 }));
  });

  it('may be empty', () => {
    expect(slice(trace([1, 2]), { fromMs: 1e9 }).ratesPerSec).to.have.length(0);
    expect(slice(trace([1, 2]), { fromMs: 60_000, toMs: 0 }).ratesPerSec).to.have.length(0);
  });
});
