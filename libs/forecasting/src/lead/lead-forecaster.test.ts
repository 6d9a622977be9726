import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import fc from 'fast-check';
import { createLeadForecaster, observeLead } from './lead-forecaster.ts';
import { leadPaths } from './lead-paths.ts';
import type { LeadState } from './lead-state.ts';
import { leadStateFromWire, leadStateToWire } from './lead-state-wire.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 5);

/** Counts of a Poisson-like stream whose rate is given per minute. */
function feed(state: LeadState, minutes: number, rateAt: (minute: number) => number | null, from = 0): void {
  const random = createRandomStream(`feed ${from}`);
  for (let minute = from; minute < from + minutes; minute++) {
    const rate = rateAt(minute);
    const jobs = rate === null ? null : Math.max(0, rate * 60 + Math.sqrt(rate * 60) * random.normal());
    observeLead(state, {
      timeMs: startMs + (minute + 1) * minuteMs,
      arrivalRatePerSec: jobs === null ? null : jobs / 60,
      intervalSec: 60,
    });
  }
}

const daily = (minute: number): number => 10 + 6 * Math.sin((2 * Math.PI * minute) / 1440);
const ahead = { stepSec: 60, steps: 4, paths: 64 };

describe('lead forecaster', () => {
  it('knows nothing before the first measurement', () => {
    expect(leadPaths(createLeadForecaster({ leadSec: 240 }), ahead)).to.equal(undefined);
  });

  it('stays near a steady level, and its futures spread about as far as counts do', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    feed(state, 2000, () => 10);
    const paths = leadPaths(state, ahead);
    expect(paths?.meanRatesPerSec[3]).to.be.within(9.5, 10.5);
    const last = (paths?.ratesPerSec ?? []).map((path) => path[3] as number).sort((a, b) => a - b);
    // A minute holds 600 ± 24 jobs: 90 % of them lie within ±0.66 of 10 a second.
    expect((last[60] as number) - (last[3] as number)).to.be.within(0.8, 2.4);
  });

  it('foresees a jump that comes every day at the same time', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    const jumping = (minute: number): number => (minute % 1440 >= 540 && minute % 1440 < 1020 ? 20 : 5);
    const origin = 5 * 1440 + 538;
    feed(state, origin, jumping);
    const mean = leadPaths(state, ahead)?.meanRatesPerSec ?? [];
    expect(mean[0]).to.be.below(9);
    expect(mean[3]).to.be.above(12);
  });

  it('lifts every future when demand leaves what was thought possible', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    feed(state, 3000, () => 10);
    feed(state, 1, () => 40, 3000);
    expect(leadPaths(state, ahead)?.meanRatesPerSec[2]).to.be.above(38);
    feed(state, 40, () => 10, 3001);
    expect(leadPaths(state, ahead)?.meanRatesPerSec[2]).to.be.within(9, 11.5);
  });

  it('sees a surge before its minute is over, and takes no ordinary quarter of a minute for one', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    feed(state, 3000, () => 10);
    const usual = leadPaths(state, ahead)?.meanRatesPerSec[2] as number;
    const endMs = startMs + 3000 * minuteMs + 15_000;
    observeLead(state, { timeMs: endMs, arrivalRatePerSec: 12, intervalSec: 15 });
    expect(leadPaths(state, ahead)?.meanRatesPerSec[2]).to.equal(usual);
    observeLead(state, { timeMs: endMs + 15_000, arrivalRatePerSec: 60, intervalSec: 15 });
    expect(leadPaths(state, ahead)?.meanRatesPerSec[2]).to.be.above(35);
  });

  it('knows the usual week where neither yesterday nor last week tells', () => {
    // Every Monday jumps at nine, but for last Monday, a holiday.
    const jumping = (minute: number): number => {
      const day = Math.floor(minute / 1440);
      return day % 7 === 0 && day !== 28 && minute % 1440 >= 540 ? 20 : 5;
    };
    const state = createLeadForecaster({ leadSec: 240 });
    feed(state, 35 * 1440 + 538, jumping);
    expect(leadPaths(state, ahead)?.meanRatesPerSec[3]).to.be.above(6);
  });

  it('takes what nobody measured as unknown, not as zero', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    feed(state, 2 * 1440, daily);
    feed(state, 180, () => null, 2 * 1440);
    feed(state, 30, daily, 2 * 1440 + 180);
    expect(leadPaths(state, ahead)?.meanRatesPerSec[1]).to.be.within(12, 18);
  });

  it('learns the same from quarter minutes as from whole ones', () => {
    const [whole, quarters] = [createLeadForecaster({ leadSec: 240 }), createLeadForecaster({ leadSec: 240 })];
    const random = createRandomStream('quarters');
    for (let minute = 0; minute < 600; minute++) {
      const parts = Array.from({ length: 4 }, () => 10 + random.normal());
      const endMs = startMs + (minute + 1) * minuteMs;
      const mean = parts.reduce((sum, part) => sum + part, 0) / 4;
      observeLead(whole, { timeMs: endMs, arrivalRatePerSec: mean, intervalSec: 60 });
      for (const [i, part] of parts.entries()) {
        observeLead(quarters, { timeMs: endMs - (3 - i) * 15_000, arrivalRatePerSec: part, intervalSec: 15 });
      }
    }
    const [a, b] = [leadPaths(whole, ahead), leadPaths(quarters, ahead)];
    for (const [i, rate] of (a?.meanRatesPerSec ?? []).entries())
      expect(b?.meanRatesPerSec[i]).to.be.closeTo(rate, 1e-6);
  });

  it('survives a measurement after months of silence', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    feed(state, 1440, daily);
    feed(state, 10, daily, 100 * 1440);
    expect(leadPaths(state, ahead)?.meanRatesPerSec[0]).to.be.above(0);
  });

  it('never gives a negative or unknown rate, and the same state always the same futures', () => {
    const rates = fc.array(fc.oneof(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.constant(null)), {
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 40 }), (list, leadMinutes) => {
        const state = createLeadForecaster({ leadSec: leadMinutes * 60 });
        for (const [i, rate] of list.entries()) {
          observeLead(state, { timeMs: startMs + (i + 1) * minuteMs, arrivalRatePerSec: rate, intervalSec: 60 });
        }
        const paths = leadPaths(state, { stepSec: 30, steps: 2 * leadMinutes, paths: 16 });
        if (paths === undefined) return;
        for (const path of paths.ratesPerSec) for (const rate of path) expect(rate).to.be.at.least(0);
        expect(leadPaths(state, { stepSec: 30, steps: 2 * leadMinutes, paths: 16 })).to.deep.equal(paths);
      }),
      { numRuns: 60 },
    );
  });
});

describe('leadStateToWire', () => {
  it('stays below 64 KB of JSON and restores exactly, for short and for long leads', () => {
    for (const leadSec of [120, 240, 300, 900]) {
      const state = createLeadForecaster({ leadSec });
      feed(state, 8 * 1440, daily);
      const text = JSON.stringify(leadStateToWire(state));
      expect(text.length).to.be.below(64 * 1024);
      const read = leadStateFromWire(JSON.parse(text));
      if (!read.ok) throw new Error(read.detail);
      expect(leadPaths(read.state, ahead)).to.deep.equal(leadPaths(state, ahead));
      feed(state, 30, daily, 8 * 1440);
      feed(read.state, 30, daily, 8 * 1440);
      expect(leadPaths(read.state, ahead)).to.deep.equal(leadPaths(state, ahead));
    }
  });

  it('refuses what no forecaster could have written', () => {
    const wire = leadStateToWire(createLeadForecaster({ leadSec: 240 }));
    const wrong: unknown[] = [
      null,
      {},
      { ...wire, v: 2 },
      { ...wire, scalars: [] },
      { ...wire, arrays: ['?'] },
      { ...wire, lead_s: -1 },
    ];
    wrong.push({ ...wire, arrays: wire.arrays.map((text, i) => (i === 0 ? '****' : text)) });
    for (const value of wrong) expect(leadStateFromWire(value)).to.include({ ok: false, reason: 'malformed' });
  });
});
