import { createRandomStream, type RandomStream } from '@capplan/random';
import { expect } from 'chai';
import { type DemandForecast, fitForecast } from './fit-forecast.ts';
import { createLeadForecaster, leadPaths, observeLead } from './lead/index.ts';
import { type ForecastModelName, forecastModels } from './models/catalogue.ts';
import { forecastPool, isRefitDue } from './online/forecast-pool.ts';
import { createPoolForecaster, updatePoolForecaster } from './online/pool-forecaster.ts';

/* Troubles that people report of forecasters, each as the series that led to it and the answer that is right. */

const startMs = Date.UTC(2026, 0, 5);
const quarterSec = 900;
const stepsPerDay = 96;
const fortnight = 14 * stepsPerDay;

type Demand = (step: number, random: RandomStream) => number;

function forecastOf(
  demand: Demand,
  options: {
    steps?: number;
    intervalSec?: number;
    horizonSteps?: number;
    seed?: string;
    model?: ForecastModelName;
  } = {},
): DemandForecast {
  const { steps = fortnight, intervalSec = quarterSec, horizonSteps = stepsPerDay, seed = 'field', model } = options;
  const random = createRandomStream(seed);
  const ratesPerSec = Float64Array.from({ length: steps }, (_, step) => Math.max(0, demand(step, random)));
  const result = fitForecast({ startMs, intervalSec, ratesPerSec }, { horizonSteps, ...(model && { model }) });
  if (!result.ok) throw new Error(result.detail);
  return result.forecast;
}

/** The mean and the 95 % interval at each step. */
function stepsOf({ meanPerSec, intervals }: DemandForecast): { mean: number; lower: number; upper: number }[] {
  const interval = intervals.find(({ level }) => level === 0.95);
  if (!interval) throw new Error('no interval of 95 %');
  return Array.from(meanPerSec, (mean, i) => ({
    mean,
    lower: interval.lowerPerSec[i] as number,
    upper: interval.upperPerSec[i] as number,
  }));
}

function expectMeansInside(forecast: DemandForecast): void {
  for (const { mean, lower, upper } of stepsOf(forecast)) expect(mean).to.be.within(lower, upper);
}

const wave = (step: number): number => 10 + 5 * Math.sin((2 * Math.PI * step) / stepsPerDay);

describe('forecasts of demand without noise', () => {
  const cases: { title: string; demand: Demand; intervalSec?: number; steps?: number }[] = [
    { title: 'a constant 16/s', demand: () => 16 },
    { title: 'a constant 0.3/s', demand: () => 0.3 },
    { title: 'a constant 16/s by the minute', demand: () => 16, intervalSec: 60, steps: 1440 },
    { title: 'a constant 16/s by the hour', demand: () => 16, intervalSec: 3600, steps: 24 * 40 },
    { title: 'a square wave', demand: (step) => (step % stepsPerDay < 32 ? 4 : 12) },
    {
      title: 'a square wave of working days',
      demand: (step) => (step % 672 < 480 && step % stepsPerDay > 36 && step % stepsPerDay < 72 ? 30 : 2),
      steps: 2 * fortnight,
    },
    { title: 'one busy slot a day', demand: (step) => (step % stepsPerDay === 40 ? 20 : 0) },
    { title: 'whole numbers', demand: (step) => Math.round(wave(step + 0.3)) },
  ];
  for (const { title, demand, intervalSec = quarterSec, steps = fortnight } of cases) {
    it(`${title}: hold what comes, and are as wide as counts of Poisson arrivals`, () => {
      const random = createRandomStream(title);
      const forecast = forecastOf(demand, { intervalSec, steps });
      expectMeansInside(forecast);
      for (const [i, { mean, lower, upper }] of stepsOf(forecast).entries()) {
        const actual = demand(steps + i, random);
        expect(actual).to.be.within(lower, upper);
        // 95 % of the counts of an interval lie within two standard deviations of their mean.
        if (mean > 0) expect((upper - lower) / (3.92 * Math.sqrt(mean / intervalSec))).to.be.above(0.97);
        if (mean === actual && mean > 0) expect(upper - lower).to.be.below(8 * Math.sqrt(mean / intervalSec) + 1e-9);
      }
    });
  }
});

describe('forecasts of growth', () => {
  const noisy: Demand = (_, random) => 0.6 * random.normal();
  const line: Demand = (step, random) => 1 + (27 * step) / fortnight + noisy(step, random);
  const seasonal: Demand = (step) => (5 + (25 * step) / fortnight) * (0.1 * wave(step));

  it('let a line go on, damped, with every mean inside its interval', () => {
    for (const seed of ['a', 'b', 'c']) {
      const forecast = forecastOf(line, { seed, horizonSteps: 7 * stepsPerDay });
      expectMeansInside(forecast);
      const means = stepsOf(forecast).map(({ mean }) => mean);
      expect(means[0]).to.be.closeTo(28, 1.6);
      expect(means[stepsPerDay]).to.be.within(28.5, 31.8);
      // Undamped it would reach 41.5 in a week; held it would stay at 28.
      expect(means.at(-1)).to.be.within(33, 40);
    }
  });

  it('let a line go down, but not below nothing', () => {
    const forecast = forecastOf((step, random) => 28 - (27.5 * step) / fortnight + 0.2 * random.normal(), {
      horizonSteps: 3 * stepsPerDay,
    });
    expectMeansInside(forecast);
    for (const { mean, lower } of stepsOf(forecast)) {
      expect(mean).to.be.within(0, 1.5);
      expect(lower).to.be.at.least(0);
    }
  });

  it('let a growing day grow', () => {
    const forecast = forecastOf((step, random) => seasonal(step, random) * (1 + 0.02 * random.normal()));
    expectMeansInside(forecast);
    const means = stepsOf(forecast).map(({ mean }) => mean);
    const random = createRandomStream('unused');
    for (const step of [0, 24, 48, 72]) {
      expect((means[step] as number) / seasonal(fortnight + step, random)).to.be.within(0.93, 1.07);
    }
  });

  it('take a level that stepped up once for no growth, and a weekend for no decline', () => {
    const office: Demand = (step, random) =>
      (step % 672 < 480 ? 10 : 3) * (1 + 0.05 * random.normal()) * (step < 3 * 672 ? 1 : 2);
    const forecast = forecastOf(office, { steps: 4 * 672, horizonSteps: 672, model: 'growing_season' });
    const means = stepsOf(forecast).map(({ mean }) => mean);
    const office20 = means.slice(stepsPerDay / 2, 4 * stepsPerDay);
    expect(Math.min(...office20)).to.be.above(17);
    expect(Math.max(...office20)).to.be.below(26);
    expect(Math.max(...means.slice(-stepsPerDay))).to.be.below(9);
  });
});

describe('forecasts after a value that resembles nothing', () => {
  const cases: { title: string; at: (step: number) => boolean; value: number; demand?: Demand }[] = [
    { title: 'a thousand at the very end', at: (step) => step === fortnight - 1, value: 1000 },
    { title: 'a thousand an hour and a half ago', at: (step) => step === fortnight - 6, value: 1000 },
    { title: 'a thousand now and then', at: (step) => [600, 900, 1200].includes(step), value: 1000 },
    { title: 'five hundred at the end of a level', at: (step) => step === fortnight - 1, value: 500, demand: () => 10 },
    { title: 'nothing for half an hour at the end', at: (step) => step >= fortnight - 2, value: 0 },
  ];
  for (const { title, at, value, demand = wave } of cases) {
    it(`${title}: a day ahead nothing is left of it`, () => {
      const forecast = forecastOf((step, random) => (at(step) ? value : demand(step, random) + 0.3 * random.normal()));
      expectMeansInside(forecast);
      const random = createRandomStream('unused');
      for (const [i, { mean, upper }] of stepsOf(forecast).entries()) {
        if (i < 16) continue;
        const actual = demand(fortnight + i, random);
        expect(mean).to.be.closeTo(actual, 1);
        expect(upper).to.be.below(actual + 4);
      }
    });
  }

  it('but what lasts an hour is believed for the next one', () => {
    const forecast = forecastOf((step, random) => (step >= fortnight - 4 ? 40 : wave(step) + 0.3 * random.normal()));
    expect(forecast.meanPerSec[0]).to.be.above(25);
  });
});

describe('forecasts by the second', () => {
  it('are made of half an hour, ten minutes ahead', function () {
    this.timeout(30_000);
    const forecast = forecastOf((_, random) => Math.round(10 + 3 * random.normal()), {
      steps: 1800,
      intervalSec: 1,
      horizonSteps: 600,
    });
    expectMeansInside(forecast);
    for (const { mean, lower, upper } of stepsOf(forecast)) {
      expect(mean).to.be.closeTo(10, 1);
      expect(lower).to.be.within(0, 6);
      expect(upper).to.be.within(15, 30);
    }
  });
});

describe('anomalies of pools that are still for long', () => {
  const day = stepsPerDay;

  /** Feeds counts of Poisson arrivals, refitting as a forecaster does, and counts the steps whose anomaly keeps workers from going. */
  function heldSteps(demand: Demand, { days, countedFrom }: { days: number; countedFrom: number }): number {
    const state = createPoolForecaster();
    const random = createRandomStream('still');
    let held = 0;
    for (let step = 0; step < days * day; step++) {
      const ratePerSec = demand(step, random);
      updatePoolForecaster(state, { startMs: startMs + step * quarterSec * 1000, durationSec: quarterSec, ratePerSec });
      if (isRefitDue(state)) forecastPool(state);
      const kind = state.anomaly?.kind;
      if (step >= countedFrom * day && (kind === 'drop' || kind === 'flat_line')) held++;
    }
    return held;
  }

  for (const [empty, emptySteps] of [
    ['half an hour', 2],
    ['90 minutes', 6],
    ['five hours', 20],
    ['a day', day],
    ['three days', 3 * day],
  ] as const) {
    for (const mean of [5, 0.05]) {
      it(`a daily wave around ${mean}/s whose first ${empty} was empty is ordinary on the eleventh day`, () => {
        const demand: Demand = (step, random) =>
          step < emptySteps ? 0 : poissonCount(0.1 * mean * wave(step) * quarterSec, random) / quarterSec;
        expect(heldSteps(demand, { days: 11, countedFrom: 10 })).to.equal(0);
      });
    }
  }

  it('a pool that stands empty after its first job is ordinary', () => {
    const demand: Demand = (step) => (step === 100 ? 1 / quarterSec : 0);
    expect(heldSteps(demand, { days: 5, countedFrom: 0 })).to.equal(0);
  });

  it('a nightly batch without noise is ordinary in its third week, the silence between two of them too', () => {
    const demand: Demand = (step) => (step % day >= 8 && step % day < 12 ? 9 : 0);
    expect(heldSteps(demand, { days: 21, countedFrom: 14 })).to.equal(0);
  });

  it('a pool that falls silent for good is reported, but not for ever', () => {
    const demand: Demand = (step, random) => (step < 10 * day ? poissonCount(5 * quarterSec, random) / quarterSec : 0);
    const first = heldSteps(demand, { days: 11, countedFrom: 10 });
    expect(first).to.be.above(day / 3);
    expect(heldSteps(demand, { days: 28, countedFrom: 27 })).to.equal(0);
  });
});

describe('forecasts of the pool forecaster', () => {
  it('stay within twice the highest demand, however demand falls', () => {
    const state = createPoolForecaster();
    const random = createRandomStream('falls');
    for (let step = 0; step < 14 * stepsPerDay; step++) {
      const ratePerSec = step < 10 * stepsPerDay ? poissonCount(5 * quarterSec, random) / quarterSec : 0;
      updatePoolForecaster(state, { startMs: startMs + step * quarterSec * 1000, durationSec: quarterSec, ratePerSec });
      if (step < 9 * stepsPerDay || step % 4 !== 0) continue;
      expect(Math.max(...forecastPool(state).meanPerSec)).to.be.below(2 * 5.3);
    }
  });
});

describe('what is left of demand that has ended', () => {
  it('is nothing in every forecast, not 10⁻⁹⁷ jobs a second', () => {
    const ended = Float64Array.from({ length: fortnight }, (_, step) => (step < 4 * stepsPerDay ? 5 : 0));
    for (const model of Object.keys(forecastModels) as ForecastModelName[]) {
      const result = fitForecast({ startMs, intervalSec: quarterSec, ratesPerSec: ended }, { horizonSteps: 96, model });
      if (!result.ok) throw new Error(result.detail);
      for (const mean of result.forecast.meanPerSec) expect(mean === 0 || mean > 1e-7, model).to.equal(true);
    }
    const lead = createLeadForecaster({ leadSec: 240 });
    for (let minute = 1; minute <= 1440; minute++) {
      observeLead(lead, { timeMs: startMs + minute * 60_000, arrivalRatePerSec: minute < 9 ? 1 : 0, intervalSec: 60 });
    }
    const paths = leadPaths(lead, { stepSec: 60, steps: 4, paths: 64 });
    for (const rate of paths?.ratesPerSec.flat() ?? []) expect(rate === 0 || rate > 1e-7).to.equal(true);
    for (const mean of paths?.meanRatesPerSec ?? []) expect(mean).to.be.below(0.01);
  });
});

describe('rushes that clocks start', () => {
  const minuteSec = 60;

  /** Highest likely rate four minutes ahead, by the minute of the half hour that it is for; mean over five days. */
  function expectedByMinute(rate: (minute: number, random: RandomStream) => number): number[] {
    const state = createLeadForecaster({ leadSec: 240 });
    const random = createRandomStream('clocks');
    const sums = new Array<number>(30).fill(0);
    for (let minute = 0; minute < 10 * 1440; minute++) {
      const arrivalRatePerSec = poissonCount(minuteSec * rate(minute, random), random) / minuteSec;
      observeLead(state, { timeMs: startMs + (minute + 1) * 60_000, arrivalRatePerSec, intervalSec: minuteSec });
      if (minute < 5 * 1440) continue;
      const paths = leadPaths(state, { stepSec: 60, steps: 4, paths: 64 })?.ratesPerSec ?? [];
      const ahead = paths.map((path) => path[3] as number).sort((a, b) => a - b);
      const target = (minute + 4) % 30;
      sums[target] = (sums[target] as number) + (ahead[60] as number) / (5 * 48);
    }
    return sums;
  }

  it('are expected when they may begin, and not all hour', () => {
    let until = 0;
    const expected = expectedByMinute((minute, random) => {
      if (minute % 30 === 0 && random.next() < 0.5) until = minute + 5;
      return minute < until ? 40 : 5;
    });
    expect(Math.min(...expected.slice(0, 4))).to.be.above(20);
    expect(Math.max(...expected.slice(1, 4))).to.be.below(55);
    expect(Math.max(...expected.slice(12))).to.be.below(17);
  });

  it('are expected at their minute alone when they come every time', () => {
    const expected = expectedByMinute((minute) => (minute % 30 < 5 ? 40 : 5));
    expect(Math.min(...expected.slice(0, 5))).to.be.above(38);
    expect(Math.max(...expected.slice(5))).to.be.below(8);
  });
});

/** A count with the mean and the variance of a Poisson count; exact where few are expected. */
function poissonCount(mean: number, random: RandomStream): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  let count = 0;
  for (let product = random.next(); product > Math.exp(-mean); product *= random.next()) count++;
  return count;
}
