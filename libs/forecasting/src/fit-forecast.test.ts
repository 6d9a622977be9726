import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import fc from 'fast-check';
import { type DemandForecast, type ForecastOptions, fitForecast } from './fit-forecast.ts';
import { utcOffsetOf } from './wall-clock.ts';

const monday = Date.UTC(2026, 0, 5);
const hoursPerWeek = 168;

/** Hourly demand of an office: day wave, quiet weekends, noise of the root. */
function office(weeks: number, { seed = 1, noise = 0.05, startMs = monday, zone = 'UTC' } = {}): Float64Array {
  const random = createRandomStream(seed);
  const offsetAt = utcOffsetOf(zone);
  return Float64Array.from({ length: weeks * hoursPerWeek }, (_, i) => {
    const localHour = (startMs / 3_600_000 + i + offsetAt(startMs + i * 3_600_000) / 60) % 24;
    const day = Math.floor((startMs / 3_600_000 + i) / 24 + 4) % 7;
    const busy = localHour >= 8 && localHour < 18 ? 20 : 5;
    const root = Math.sqrt(busy * (day === 0 || day === 6 ? 0.5 : 1)) + noise * random.normal();
    return root * root;
  });
}

function forecastOf(
  ratesPerSec: Float64Array,
  options: Partial<ForecastOptions> = {},
  startMs = monday,
): DemandForecast {
  const result = fitForecast({ startMs, intervalSec: 3600, ratesPerSec }, { horizonSteps: hoursPerWeek, ...options });
  if (!result.ok) throw new Error(result.detail);
  return result.forecast;
}

const worst = (forecast: DemandForecast, actual: Float64Array): number =>
  Math.max(...forecast.meanPerSec.map((mean, i) => Math.abs(mean - (actual[i] as number))));

describe('fitForecast', () => {
  it('finds day and week, reports what it compared and stands by its intervals', () => {
    const all = office(9);
    const forecast = forecastOf(all.slice(0, 8 * hoursPerWeek));
    const actual = all.slice(8 * hoursPerWeek);
    expect(worst(forecast, actual)).to.be.below(2.5);
    expect(forecast.accuracy.wape).to.be.below(0.06);
    expect(forecast.accuracy.coverage).to.be.above(0.9);
    expect(forecast.candidates.map(({ model }) => model)).to.include.members(['shape_regression', 'ewma']);
    const [band] = forecast.intervals.filter(({ level }) => level === 0.95);
    const inside = actual.filter(
      (y, i) => y >= (band?.lowerPerSec[i] as number) && y <= (band?.upperPerSec[i] as number),
    );
    expect(inside.length / actual.length).to.be.above(0.9);
  });

  it('nests intervals around the mean and keeps them above zero', () => {
    const { intervals, meanPerSec } = forecastOf(office(3, { noise: 0.8 }), { levels: [0.5, 0.99] });
    const [narrow, wide] = intervals;
    for (let i = 0; i < hoursPerWeek; i++) {
      expect(wide?.lowerPerSec[i]).to.be.within(0, narrow?.lowerPerSec[i] as number);
      expect(wide?.upperPerSec[i]).to.be.at.least(narrow?.upperPerSec[i] as number);
      expect(meanPerSec[i]).to.be.within(wide?.lowerPerSec[i] as number, wide?.upperPerSec[i] as number);
    }
  });

  it('bears gaps and an outage without taking them for zero', () => {
    const all = office(7);
    const history = all.slice(0, 6 * hoursPerWeek).map((y, i) => {
      const outage = i > 900 && i < 960;
      return outage || i % 17 === 0 || i > 1003 ? Number.NaN : y;
    });
    expect(worst(forecastOf(history), all.slice(6 * hoursPerWeek))).to.be.below(3.5);
  });

  it('is not led astray by one absurd hour', () => {
    const all = office(7);
    const history = all.slice(0, 6 * hoursPerWeek);
    history[6 * hoursPerWeek - 30] = 5000;
    expect(worst(forecastOf(history), all.slice(6 * hoursPerWeek))).to.be.below(4);
  });

  it('follows a level that has doubled within days', () => {
    const all = office(9).map((y, i) => (i >= 7 * hoursPerWeek ? 2 * y : y));
    const forecast = forecastOf(all.slice(0, 8 * hoursPerWeek), { horizonSteps: 24 });
    const actual = all.slice(8 * hoursPerWeek, 8 * hoursPerWeek + 24);
    const mean = (list: Float64Array): number => list.reduce((sum, x) => sum + x, 0) / list.length;
    expect(mean(forecast.meanPerSec) / mean(actual)).to.be.within(0.8, 1.2);
  });

  it('forecasts nothing where there is never anything, and night closures as closed', () => {
    expect([...forecastOf(new Float64Array(500)).meanPerSec]).to.deep.equal(new Array(hoursPerWeek).fill(0));
    const closed = office(6).map((y, i) => (i % 24 < 8 || i % 24 >= 18 ? 0 : y));
    const forecast = forecastOf(closed);
    expect(Math.max(...forecast.meanPerSec.filter((_, i) => i % 24 < 7))).to.be.below(0.4);
    expect(forecast.meanPerSec[12]).to.be.above(15);
  });

  it('keeps nine o’clock at nine when the clocks change, if it knows the zone', () => {
    const startMs = Date.UTC(2026, 1, 9);
    const all = office(8, { startMs, zone: 'Europe/Berlin', noise: 0.02 });
    const history = all.slice(0, 7 * hoursPerWeek - 24);
    const actual = all.slice(history.length, history.length + 48);
    const options = { horizonSteps: 48, model: 'shape_regression' } as const;
    const aware = forecastOf(history, { ...options, utcOffsetMinutesAt: utcOffsetOf('Europe/Berlin') }, startMs);
    const unaware = forecastOf(history, options, startMs);
    expect(worst(aware, actual)).to.be.below(3);
    expect(worst(unaware, actual)).to.be.above(4);
  });

  it('multiplies by known events ahead and divides by past ones', () => {
    const weekMs = hoursPerWeek * 3_600_000;
    const events = [
      { fromMs: monday + 4 * weekMs, toMs: monday + 5 * weekMs, multiplier: 3 },
      { fromMs: monday + 5 * weekMs, toMs: monday + 5 * weekMs + 86_400_000, multiplier: 2 },
    ];
    const history = office(5).map((y, i) => (i >= 4 * hoursPerWeek ? 3 * y : y));
    const forecast = forecastOf(history, { events });
    const plain = office(6).slice(5 * hoursPerWeek);
    expect((forecast.meanPerSec[12] as number) / (plain[12] as number)).to.be.within(1.8, 2.2);
    expect((forecast.meanPerSec[36] as number) / (plain[36] as number)).to.be.within(0.9, 1.1);
  });

  it('treats a holiday ahead like a Sunday', () => {
    const tuesday = monday + 6 * hoursPerWeek * 3_600_000 + 86_400_000;
    const forecast = forecastOf(office(6), { holidays: [{ dayMs: tuesday }] });
    expect(forecast.meanPerSec[36]).to.be.below(13);
    expect(forecast.meanPerSec[12]).to.be.above(17);
  });

  it('does not depend on the unit of the rates', () => {
    const history = office(4);
    const forecast = forecastOf(history);
    fc.assert(
      fc.property(fc.constantFrom(1e-4, 0.1, 64, 1e6), (factor) => {
        const scaled = forecastOf(history.map((y) => y * factor));
        for (let i = 0; i < hoursPerWeek; i += 13) {
          const want = (forecast.meanPerSec[i] as number) * factor;
          expect(scaled.meanPerSec[i]).to.be.closeTo(want, 1e-3 * want);
        }
      }),
    );
  });

  it('chooses the plain model where there is nothing to learn', () => {
    const random = createRandomStream('walk');
    let level = 50;
    const walk = Float64Array.from({ length: 800 }, () => {
      level = Math.max(1, level + random.normal());
      return level;
    });
    const forecast = forecastOf(walk, { horizonSteps: 24 });
    expect(forecast.meanPerSec[0]).to.be.closeTo(level, 3);
  });

  it('says what is missing instead of guessing', () => {
    const ask = (values: number[], options: Partial<ForecastOptions> = {}) =>
      fitForecast(
        { startMs: monday, intervalSec: 3600, ratesPerSec: Float64Array.from(values) },
        { horizonSteps: 24, ...options },
      );
    expect(ask([])).to.include({ ok: false, reason: 'no_data' });
    expect(ask([Number.NaN, Number.NaN])).to.include({ ok: false, reason: 'no_data' });
    expect(ask([1, 2, 3])).to.include({ ok: false, reason: 'too_short' });
    const short = ask(new Array(30).fill(1), { model: 'holt_winters' });
    expect(short.ok ? '' : short.detail).to.contain('holt_winters needs at least 49 known intervals');
    expect(ask(new Array(30).fill(1), { horizonSteps: 169 })).to.include({ ok: false, reason: 'bad_horizon' });
    expect(ask(new Array(30).fill(1), { horizonSteps: 0.5 })).to.include({ ok: false, reason: 'bad_horizon' });
    expect(ask(new Array(30).fill(1)).ok).to.equal(true);
  });
});
