import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import type { ArrivalProcess } from './arrival-source.ts';
import type { Pattern, Traffic } from './scenario.ts';
import { openTraffic, ratePathOf } from './traffic.ts';

const hour = 3600;
const traffic = (pattern: Pattern, over: Partial<Traffic> = {}): Traffic => ({
  patterns: [pattern],
  process: { kind: 'poisson' },
  multiply: [],
  ...over,
});

function drawn(given: Traffic, horizonSec: number, seed = 1): number[] {
  const source = openTraffic(given, horizonSec, createRandomStream(seed));
  const block = new Float64Array(4096);
  const times: number[] = [];
  for (;;) {
    const end = source.fill(block, 0, block.length);
    for (let i = 0; i < end; i++) times.push(block[i]!);
    if (end < block.length || block[end - 1]! > horizonSec) return times.filter((time) => time < horizonSec);
  }
}

const rateAt = (pattern: Pattern, timeSec: number, over: Partial<Traffic> = {}) =>
  ratePathOf(traffic(pattern, over), 24 * hour).ratePerSecAt(timeSec);

describe('ratePathOf', () => {
  it('draws every pattern as it is described', () => {
    expect(rateAt({ kind: 'constant', rate: 7 }, 100)).to.equal(7);
    const sinus: Pattern = { kind: 'sinusoidal', mean: 10, amplitude: 4, periodSec: hour, peakAtSec: 600 };
    expect(rateAt(sinus, 600)).to.be.closeTo(14, 1e-4);
    expect(rateAt(sinus, 600 + hour / 4)).to.be.closeTo(10, 1e-4);
    expect(rateAt({ kind: 'linear', from: 0, to: 24, overSec: undefined }, 6 * hour)).to.be.closeTo(6, 1e-9);
    expect(rateAt({ kind: 'linear', from: 0, to: 24, overSec: hour }, 6 * hour)).to.equal(24);
    const day: Pattern = { kind: 'daily', rates: Array.from({ length: 24 }, (_, h) => h), startHour: 0 };
    expect(rateAt(day, 10.5 * hour)).to.be.closeTo(10, 1e-9);
    expect(rateAt(day, 11 * hour)).to.be.closeTo(10.5, 1e-9);
    expect(rateAt(day, 0)).to.be.closeTo(11.5, 1e-9);
    expect(rateAt({ ...day, startHour: 6 }, 2.5 * hour)).to.be.closeTo(8, 1e-9);
    const points = [
      { atSec: 100, rate: 4 },
      { atSec: 200, rate: 8 },
    ];
    expect(rateAt({ kind: 'custom', points, shape: 'linear' }, 150)).to.be.closeTo(6, 1e-9);
    expect(rateAt({ kind: 'custom', points, shape: 'step' }, 150)).to.equal(4);
    expect(rateAt({ kind: 'recorded', counts: [60, 120], stepSec: 60, exact: false, scale: 2 }, 70)).to.equal(4);
  });

  it('gives spikes their height, shape and return', () => {
    const spike = (shape: 'instant' | 'linear' | 'exponential' | 'bell'): Pattern => ({
      kind: 'spiky',
      base: 5,
      spikes: [{ atSec: 600, durationSec: 300, peak: 25, shape, everySec: hour }],
    });
    for (const shape of ['instant', 'linear', 'exponential', 'bell'] as const) {
      expect(rateAt(spike(shape), 599), shape).to.be.closeTo(5, 1e-6);
      expect(rateAt(spike(shape), 901), shape).to.be.closeTo(5, 1e-6);
      expect(rateAt(spike(shape), hour + 750), shape).to.equal(rateAt(spike(shape), 750));
    }
    expect(rateAt(spike('instant'), 750)).to.equal(25);
    expect(rateAt(spike('linear'), 675)).to.be.closeTo(15, 1e-6);
    expect(rateAt(spike('exponential'), 600)).to.be.closeTo(25, 1e-6);
    expect(rateAt(spike('exponential'), 660)).to.be.closeTo(5 + 20 / Math.E, 0.01);
    expect(rateAt(spike('bell'), 750)).to.be.closeTo(25, 1e-6);
    expect(rateAt(spike('bell'), 700)).to.be.closeTo(5 + 20 * Math.exp(-0.5), 0.01);
  });

  it('knows when so many jobs are to be expected', () => {
    const path = ratePathOf(traffic({ kind: 'linear', from: 0, to: 20, overSec: 100 }), 200);
    // 1000 jobs by 100 s along t²/10, then 20 a second.
    const times = path.milestones(250);
    expect(times).to.have.length(12);
    for (const [i, expected] of [50, Math.sqrt(5000), Math.sqrt(7500), 100, 112.5].entries()) {
      expect(times[i]).to.be.closeTo(expected, 1e-9);
    }
    expect(times.at(-1)).to.be.closeTo(200, 1e-9);
  });

  it('adds patterns up and multiplies stretches', () => {
    const sum: Traffic = traffic({ kind: 'constant', rate: 3 });
    sum.patterns.push({ kind: 'linear', from: 0, to: 24, overSec: undefined });
    sum.multiply.push({ startSec: hour, endSec: 2 * hour, factor: 2 });
    const path = ratePathOf(sum, 24 * hour);
    expect(path.ratePerSecAt(0.5 * hour)).to.be.closeTo(3.5, 1e-9);
    expect(path.ratePerSecAt(1.5 * hour)).to.be.closeTo(9, 1e-9);
    expect(path.ratePerSecAt(3 * hour)).to.be.closeTo(6, 1e-9);
  });
});

describe('openTraffic', () => {
  it('draws time-varying Poisson arrivals with the right counts in every stretch', () => {
    const sinus = traffic({ kind: 'sinusoidal', mean: 10, amplitude: 8, periodSec: 1000, peakAtSec: 0 });
    const counts = Array<number>(10).fill(0);
    for (const time of drawn(sinus, 50_000)) counts[Math.floor((time % 1000) / 100)]!++;
    const path = ratePathOf(sinus, 50_000);
    for (const [i, count] of counts.entries()) {
      let expected = 0;
      for (let t = i * 100 + 0.5; t < i * 100 + 100; t++) expected += path.ratePerSecAt(t) * 50;
      expect(Math.abs(count - expected), `stretch ${i}`).to.be.below(5 * Math.sqrt(expected));
    }
  });

  it('makes counts as uneven as the process says, at the same mean', () => {
    const dispersion = (process: ArrivalProcess) => {
      const times = drawn(traffic({ kind: 'constant', rate: 20 }, { process }), 40_000);
      const counts = new Float64Array(400);
      for (const time of times) counts[Math.floor(time / 100)]!++;
      const mean = times.length / 400;
      const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 399;
      expect(mean, process.kind).to.be.closeTo(2000, 2000 * 0.06);
      return variance / mean;
    };
    expect(dispersion({ kind: 'poisson' })).to.be.within(0.8, 1.25);
    expect(dispersion({ kind: 'deterministic' })).to.be.below(0.01);
    expect(dispersion({ kind: 'renewal', scv: 0.25 })).to.be.within(0.18, 0.34);
    expect(dispersion({ kind: 'renewal', scv: 4 })).to.be.within(3, 5.2);
    expect(dispersion({ kind: 'batch', meanSize: 5, sizes: 'fixed' })).to.be.within(4, 6.2);
    expect(dispersion({ kind: 'batch', meanSize: 5, sizes: 'geometric' })).to.be.within(7, 11.5);
    expect(dispersion({ kind: 'bursty', burstFactor: 4, burstSecMean: 10, quietSecMean: 30 })).to.be.above(20);
  });

  it('repeats an exact history count by count, and merges it with other traffic in order', () => {
    const counts = [3, 0, 5, 1];
    const exact: Pattern = { kind: 'recorded', counts, stepSec: 60, exact: true, scale: 1 };
    const seen = [0, 0, 0, 0];
    for (const time of drawn(traffic(exact), 240)) seen[Math.floor(time / 60)]!++;
    expect(seen).to.deep.equal(counts);
    const both = traffic(exact);
    both.patterns.push({ kind: 'constant', rate: 1 });
    const times = drawn(both, 240);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    expect(times.length).to.be.greaterThan(9 + 150);
  });

  it('samples paths of a forecast that keep its quantiles and differ from each other', () => {
    const forecast: Pattern = {
      kind: 'forecast',
      stepSec: 600,
      correlation: 0.8,
      quantiles: [
        { level: 0.1, rates: [8, 16] },
        { level: 0.5, rates: [10, 20] },
        { level: 0.9, rates: [14, 28] },
      ],
    };
    expect(ratePathOf(traffic(forecast), 1200).ratePerSecAt(700)).to.equal(20);
    let above = 0;
    for (let seed = 0; seed < 400; seed++) {
      const count = drawn(traffic(forecast), 600, seed).length;
      if (count / 600 > 14) above++;
    }
    expect(above).to.be.within(20, 64);
  });
});
