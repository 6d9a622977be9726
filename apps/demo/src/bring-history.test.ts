import { expect } from 'chai';
import { readArguments } from './arguments.ts';
import { bundledTrace, scaleToPool, weeksBefore } from './arrivals.ts';
import { demoPool } from './demo-pool.ts';

const demo = demoPool({ speed: 144, loadWorkers: 8, nowMs: 0 });

describe('the weeks before the demo’s day', () => {
  it('end where it begins, have chances of their own, and the same days', () => {
    const day = scaleToPool(bundledTrace(1), { demo, loadWorkers: 8 });
    if (!day.ok) throw new Error(day.detail);
    const before = weeksBefore({ demo, loadWorkers: 8, seed: 1, untilMs: day.trace.startMs, days: 21 });
    expect(before.startMs + before.ratesPerSec.length * before.intervalSec * 1000).to.equal(day.trace.startMs);
    const mean = (rates: Float64Array): number => rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    // The fourth week of the month, which has no surge in it, beside the last one before it.
    const week = 7 * 1440;
    const [earlier, later] = [before.ratesPerSec.slice(-week), day.trace.ratesPerSec.slice(-week)];
    expect(mean(earlier) / mean(later)).to.be.closeTo(1, 0.03);
    expect(earlier).to.not.deep.equal(later);
    for (let hour = 0; hour < 24; hour++) {
      const of = (rates: Float64Array) => mean(rates.filter((_, i) => Math.floor((i % 1440) / 60) === hour));
      expect(of(earlier) / of(later), `hour ${hour}`).to.be.closeTo(1, 0.2);
    }
  });

  it('are there unless they are not wanted, or nobody knows what was before', () => {
    const history = (...words: string[]) => {
      const read = readArguments(words);
      return read.ok && read.value.history;
    };
    expect(history()).to.equal(true);
    expect(history('--no-history')).to.equal(false);
    expect(history('--trace', 'x.csv')).to.equal(false);
  });
});
