import { expect } from 'chai';
import { generateTrace } from './generate-trace.ts';
import { meanBetween } from './resample.ts';

describe('generateTrace', () => {
  const plain = { seed: 1, days: 28, intervalSec: 300, spike: null };

  it('repeats itself for the same seed and differs for another', () => {
    expect(generateTrace(plain)).to.deep.equal(generateTrace(plain));
    expect(generateTrace(plain).ratesPerSec).to.not.deep.equal(generateTrace({ ...plain, seed: 2 }).ratesPerSec);
  });

  it('has the mean, the daily wave and the quiet weekend asked for', () => {
    const trace = generateTrace({ ...plain, meanRatePerSec: 20, weekendFactor: 0.5 });
    const hours = (from: number, to: number) =>
      meanBetween(trace, trace.startMs + from * 3_600_000, trace.startMs + to * 3_600_000);
    expect(hours(0, 28 * 24)).to.be.closeTo(20, 0.6);
    expect(hours(13, 15) / hours(1, 3)).to.be.greaterThan(2.5);
    expect(hours(120, 168) / hours(0, 120)).to.be.closeTo(0.5, 0.06);
  });

  it('grows and spikes when told to', () => {
    const growing = generateTrace({ ...plain, growthPerMonth: 1, wander: 0 });
    const week = 7 * 86_400_000;
    const early = meanBetween(growing, growing.startMs, growing.startMs + week);
    const late = meanBetween(growing, growing.startMs + 3 * week, growing.startMs + 4 * week);
    expect(late / early).to.be.closeTo(2 ** (21 / 30), 0.02);

    const spiky = generateTrace({ ...plain, spike: { atFraction: 0.5, factor: 4, durationSec: 3600 } });
    const at = spiky.ratesPerSec.length / 2;
    expect((spiky.ratesPerSec[at] as number) / (generateTrace(plain).ratesPerSec[at] as number)).to.be.closeTo(4, 0.6);
  });

  it('gives whole, Poisson-like counts that may be zero', () => {
    const { ratesPerSec, intervalSec } = generateTrace({
      seed: 3,
      days: 20,
      intervalSec: 60,
      meanRatePerSec: 0.05,
      dailyAmplitude: 0,
      weekendFactor: 1,
      wander: 0,
      spike: null,
    });
    const counts = ratesPerSec.map((rate) => rate * intervalSec);
    expect(counts.every((count) => Math.abs(count - Math.round(count)) < 1e-9)).to.equal(true);
    const mean = counts.reduce((sum, x) => sum + x, 0) / counts.length;
    const variance = counts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / counts.length;
    expect(mean).to.be.closeTo(3, 0.06);
    expect(variance / mean).to.be.closeTo(1, 0.05);
    expect(counts.includes(0)).to.equal(true);
  });
});
