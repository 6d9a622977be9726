import { expect } from 'chai';
import fc from 'fast-check';
import type { History } from '../forecast-model.ts';
import { createSeasonCalendar } from '../season-calendar.ts';
import { forecastModels } from './catalogue.ts';

const hoursPerDay = 24;
const monday = Date.UTC(2026, 0, 5);

function history(values: ArrayLike<number>): History {
  const calendar = createSeasonCalendar({ startMs: monday, intervalSec: 3600, steps: values.length + 168 });
  return { values: Float64Array.from(values), calendar };
}

const wave = (i: number): number => 10 + 5 * Math.sin((2 * Math.PI * i) / hoursPerDay);
const week = (i: number): number => wave(i) * (i % 168 >= 120 ? 0.5 : 1);
const series = (days: number, at: (i: number) => number): number[] =>
  Array.from({ length: days * hoursPerDay }, (_, i) => at(i));

function forecast(name: keyof typeof forecastModels, values: number[], horizon: number): number[] {
  return [...forecastModels[name].fit(history(values), values.length).forecast(values.length, horizon)];
}

function worstError(
  name: keyof typeof forecastModels,
  days: number,
  at: (i: number) => number,
  horizon: number,
): number {
  const values = series(days, at);
  return Math.max(...forecast(name, values, horizon).map((y, i) => Math.abs(y - at(values.length + i))));
}

describe('forecastModels', () => {
  it('copy a perfect season exactly', () => {
    expect(worstError('seasonal_naive_day', 3, wave, 48)).to.be.below(1e-9);
    expect(worstError('seasonal_naive_week', 15, week, 168)).to.be.below(1e-9);
    expect(worstError('same_time_mean', 29, week, 168)).to.be.below(1e-9);
  });

  it('learn a perfect season closely', () => {
    expect(worstError('holt_winters', 10, wave, 48)).to.be.below(0.05);
    expect(worstError('holt_winters_multiplicative', 10, wave, 48)).to.be.below(0.05);
    expect(worstError('multi_seasonal', 28, week, 168)).to.be.below(0.2);
    expect(worstError('shape_regression', 42, week, 168)).to.be.below(0.2);
  });

  it('hold the newest value, or an average of the newest ones', () => {
    expect(forecast('naive', [1, 2, Number.NaN], 2)).to.deep.equal([2, 2]);
    const noisy = series(10, (i) => 10 + (i % 2 === 0 ? 1 : -1));
    expect(forecast('ewma', noisy, 1)[0]).to.be.closeTo(10, 0.3);
  });

  it('follow a line with Holt, but not for ever', () => {
    const line = forecast(
      'holt',
      series(5, (i) => 100 + i),
      168,
    );
    expect(line[0]).to.be.closeTo(220, 0.5);
    expect(line[9]).to.be.within(222, 229.5);
    expect(line[167]).to.be.below(100 + 5 * 24 + 168);
  });

  it('take the mean of several weeks where a copy repeats noise', () => {
    const shifted = series(28, (i) => week(i) + (i >= 21 * hoursPerDay ? 4 : 0));
    expect(forecast('same_time_mean', shifted, 1)[0]).to.be.closeTo(week(0) + 1, 1e-9);
    expect(forecast('seasonal_naive_week', shifted, 1)[0]).to.be.closeTo(week(0) + 4, 1e-9);
  });

  it('reach over a gap to the season before', () => {
    const values = series(15, week).map((y, i) => (i >= 14 * hoursPerDay - 10 ? Number.NaN : y));
    expect(forecast('seasonal_naive_week', values, 160).every((y, i) => Math.abs(y - week(i + 360)) < 1e-9)).to.equal(
      true,
    );
  });

  it('survive demand that is nothing but zero', () => {
    const zeros = series(20, () => 0);
    for (const name of Object.keys(forecastModels) as (keyof typeof forecastModels)[]) {
      expect(forecast(name, zeros, 30), name).to.deep.equal(new Array(30).fill(0));
    }
  });

  it('never forecast a negative or unknown rate, whatever they are fed', () => {
    const value = fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: 0, max: 1e5, noNaN: true }) },
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.constant(Number.NaN) },
    );
    const names = fc.constantFrom(...(Object.keys(forecastModels) as (keyof typeof forecastModels)[]));
    fc.assert(
      fc.property(names, fc.array(value, { minLength: 200, maxLength: 400 }), (name, values) => {
        expect(forecast(name, values, 168).every((y) => y >= 0 && y < Infinity)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });

  it('look at nothing from the origin on', () => {
    const values = series(21, (i) => week(i) + ((i * 7919) % 13) / 5);
    for (const name of Object.keys(forecastModels) as (keyof typeof forecastModels)[]) {
      if (name === 'shape_regression') continue;
      const origin = 400;
      const other = values.map((y, i) => (i >= origin ? 1e4 + i : y));
      const before = forecastModels[name].fit(history(values), origin).forecast(origin, 40);
      expect([...forecastModels[name].fit(history(other), origin).forecast(origin, 40)], name).to.deep.equal([
        ...before,
      ]);
    }
  });
});
