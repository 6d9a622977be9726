import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { forecastPool, isRefitDue } from './forecast-pool.ts';
import { createPoolForecaster, updatePoolForecaster } from './pool-forecaster.ts';
import type { PoolForecasterState } from './pool-state.ts';
import { packPoolForecaster, unpackPoolForecaster } from './pool-wire.ts';

const monday = Date.UTC(2026, 0, 5);
const stepsPerDay = 96;

const demandAt = (step: number): number => {
  const day = Math.floor(step / stepsPerDay) % 7;
  return (10 + 6 * Math.sin((2 * Math.PI * (step % stepsPerDay)) / stepsPerDay - 2)) * (day >= 5 ? 0.5 : 1);
};

interface FeedOptions {
  from: number;
  to: number;
  at?: (step: number) => number;
  noise?: number;
  refits?: boolean;
}

function feed(
  state: PoolForecasterState,
  { from, to, at = demandAt, noise = 0.1, refits = true }: FeedOptions,
): string[] {
  const random = createRandomStream(`feed ${from}`);
  const anomalies: string[] = [];
  for (let step = from; step < to; step++) {
    const root = Math.sqrt(at(step)) + noise * random.normal();
    updatePoolForecaster(state, { startMs: monday + step * 900_000, durationSec: 900, ratePerSec: root * root });
    if (refits && step % stepsPerDay === 0 && isRefitDue(state)) forecastPool(state);
    if (state.anomaly) anomalies.push(state.anomaly.kind);
  }
  return anomalies;
}

const json = (value: unknown): string => JSON.stringify(value);

describe('updatePoolForecaster', () => {
  it('learns three weeks, earns trust and forecasts the fourth', () => {
    const state = createPoolForecaster();
    feed(state, { from: 0, to: 21 * stepsPerDay });
    expect(state.trust.state).to.equal('trusted');
    const { meanPerSec, startMs, accuracy, model } = forecastPool(state, { horizonSec: 7 * 86_400 });
    expect(startMs).to.equal(monday + 21 * 86_400_000);
    expect(model).to.equal('shape_regression');
    const error = meanPerSec.reduce((sum, mean, i) => sum + Math.abs(mean - demandAt(21 * stepsPerDay + i)), 0);
    const demand = meanPerSec.reduce((sum, _, i) => sum + demandAt(21 * stepsPerDay + i), 0);
    expect(error / demand).to.be.below(0.1);
    expect(accuracy.wape).to.be.within(0.01, 0.35);
    expect(accuracy.coverage).to.be.within(0.85, 1);
  });

  it('gives the same answer whether a step comes whole, in slices or across its borders', () => {
    const whole = createPoolForecaster();
    const sliced = createPoolForecaster();
    const crossing = createPoolForecaster();
    for (let step = 0; step < 300; step++) {
      const startMs = monday + step * 900_000;
      updatePoolForecaster(whole, { startMs, durationSec: 900, ratePerSec: demandAt(step) });
      for (let part = 0; part < 60; part++) {
        updatePoolForecaster(sliced, { startMs: startMs + part * 15_000, durationSec: 15, ratePerSec: demandAt(step) });
      }
    }
    for (let block = 0; block < 60; block++) {
      updatePoolForecaster(crossing, { startMs: monday + block * 4_500_000, durationSec: 4500, ratePerSec: 7 });
    }
    expect(sliced.count).to.equal(300);
    for (let i = 0; i < 300; i++) expect(sliced.rates[i]).to.be.closeTo(whole.rates[i] as number, 1e-5);
    expect([...crossing.rates.subarray(0, 300)]).to.deep.equal(new Array(300).fill(7));
  });

  it('keeps gaps unknown and ignores what comes too late', () => {
    const state = createPoolForecaster();
    updatePoolForecaster(state, { startMs: monday, durationSec: 900, ratePerSec: 4 });
    updatePoolForecaster(state, { startMs: monday + 4 * 900_000, durationSec: 900, ratePerSec: 6 });
    updatePoolForecaster(state, { startMs: monday + 900_000, durationSec: 900, ratePerSec: 99 });
    expect([...state.rates.subarray(0, state.count)]).to.deep.equal([4, Number.NaN, Number.NaN, Number.NaN, 6]);
  });

  it('takes a rate that no rate can be for unknown', () => {
    const state = createPoolForecaster();
    for (const [i, ratePerSec] of [-1, Infinity, Number.NaN, 3].entries()) {
      updatePoolForecaster(state, { startMs: monday + i * 900_000, durationSec: 900, ratePerSec });
    }
    expect([...state.rates.subarray(0, 4)]).to.deep.equal([Number.NaN, Number.NaN, Number.NaN, 3]);
  });

  it('starts afresh after an absence longer than it can remember', () => {
    const state = createPoolForecaster();
    feed(state, { from: 0, to: 300 });
    updatePoolForecaster(state, { startMs: monday + 400 * 86_400_000, durationSec: 900, ratePerSec: 2 });
    expect(state.count).to.equal(1);
    expect(forecastPool(state).meanPerSec[0]).to.be.closeTo(2, 1e-5);
  });

  it('forgets the oldest steps and goes on', () => {
    const state = createPoolForecaster({ stepSec: 3600 });
    for (let step = 0; step < 9000; step++) {
      updatePoolForecaster(state, {
        startMs: monday + step * 3_600_000,
        durationSec: 3600,
        ratePerSec: demandAt(4 * step),
      });
    }
    expect(state.count).to.be.within(6048, 6240);
    expect(state.firstStep + state.count).to.equal(monday / 3_600_000 + 9000);
    expect(forecastPool(state).meanPerSec[5]).to.be.closeTo(demandAt(4 * 9005), 0.5);
  });

  it('says so when demand spikes, drops, freezes or shifts, and stays silent before', () => {
    const grown = (): PoolForecasterState => {
      const state = createPoolForecaster();
      expect(feed(state, { from: 0, to: 1344 })).to.deep.equal([]);
      return state;
    };
    expect(feed(grown(), { from: 1344, to: 1345, at: (step) => 6 * demandAt(step) })).to.deep.equal(['spike']);
    expect(feed(grown(), { from: 1344, to: 1345, at: () => 0.01 })).to.deep.equal(['drop']);
    expect(feed(grown(), { from: 1344, to: 1440, at: () => 9, noise: 0 })).to.include('flat_line');
    expect(feed(grown(), { from: 1344, to: 1440, at: (step) => 2.5 * demandAt(step) })).to.include('level_shift');
  });

  it('multiplies by events ahead and does not learn past ones as ordinary', () => {
    const events = [{ fromMs: monday + 21 * 86_400_000, toMs: monday + 22 * 86_400_000, multiplier: 3 }];
    const plain = createPoolForecaster();
    const state = createPoolForecaster({ events });
    feed(plain, { from: 0, to: 2016 });
    feed(state, { from: 0, to: 2016 });
    const ratio = (forecastPool(state).meanPerSec[10] as number) / (forecastPool(plain).meanPerSec[10] as number);
    expect(ratio).to.be.closeTo(3, 1e-9);
    feed(state, { from: 2016, to: 2016 + stepsPerDay, at: (step) => 3 * demandAt(step) });
    expect(state.trust.state).to.equal('trusted');
    expect(forecastPool(state).meanPerSec[10]).to.be.closeTo(demandAt(2016 + stepsPerDay + 10), 1);
  });

  it('refuses steps that do not divide a day', () => {
    expect(() => createPoolForecaster({ stepSec: 1000 })).to.throw(RangeError);
    expect(() => createPoolForecaster({ stepSec: 60 })).to.throw(RangeError);
  });
});

describe('packPoolForecaster', () => {
  it('restores a state that goes on exactly as the packed one would have', () => {
    const state = createPoolForecaster({ timeZone: 'Europe/Berlin', events: [{ fromMs: 0, toMs: 1, multiplier: 2 }] });
    feed(state, { from: 0, to: 1000 });
    const text = json(packPoolForecaster(state));
    const restored = unpackPoolForecaster(JSON.parse(text));
    expect(json(packPoolForecaster(restored))).to.equal(text);
    feed(state, { from: 1000, to: 1400 });
    feed(restored, { from: 1000, to: 1400 });
    expect(json(packPoolForecaster(restored))).to.equal(json(packPoolForecaster(state)));
    expect(json(forecastPool(restored))).to.equal(json(forecastPool(state)));
  });

  it('stays below 64 KB however long it has learned', () => {
    const state = createPoolForecaster();
    feed(state, { from: 0, to: 6100, refits: false });
    forecastPool(state);
    expect(json(packPoolForecaster(state)).length).to.be.below(64 * 1024);
  });

  it('refuses a version that it does not know', () => {
    expect(() => unpackPoolForecaster({ ...packPoolForecaster(createPoolForecaster()), version: 2 as never })).to.throw(
      RangeError,
    );
  });
});

describe('forecastPool', () => {
  it('answers from the first observation on, with wide intervals', () => {
    const state = createPoolForecaster();
    expect(forecastPool(state).meanPerSec[0]).to.equal(0);
    updatePoolForecaster(state, { startMs: monday, durationSec: 900, ratePerSec: 4 });
    const { meanPerSec, intervals, trust } = forecastPool(state, { horizonSec: 3600, levels: [0.9] });
    expect(meanPerSec.map((mean) => Math.round(mean))).to.deep.equal(Float64Array.of(4, 4, 4, 4));
    expect(intervals[0]?.upperPerSec[3]).to.be.above(4.3);
    expect(trust.state).to.equal('learning');
  });

  it('refuses a horizon of more than a week', () => {
    expect(() => forecastPool(createPoolForecaster(), { horizonSec: 8 * 86_400 })).to.throw(RangeError);
  });
});
