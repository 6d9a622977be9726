import type { HistoryPoint } from '@capplan/contracts';
import { createPoolModel, forecastOf, observe, type PoolModel } from '@capplan/deciding';
import { createRandomStream, type RandomStream } from '@capplan/random';
import { expect } from 'chai';
import { learnHistory } from './learn-history.ts';
import { settings } from './samples.test-data.ts';

const mondayMs = Date.UTC(2026, 0, 5);
const weeksMs = 21 * 86_400_000;
const nextDayMs = mondayMs + weeksMs;

/** Jobs of each minute of 22 days: days and weekends, a level that wanders by 5 % within hours, and chance. */
const minutes = minutesOf(createRandomStream('history'));
const rateOf = (fromMs: number, sec: number): number => {
  const from = Math.round((fromMs - mondayMs) / 60_000);
  return minutes.subarray(from, from + sec / 60).reduce((sum, count) => sum + count, 0) / sec;
};

function minutesOf(random: RandomStream): Float64Array {
  let level = 0;
  const keep = Math.exp(-1 / 60);
  return Float64Array.from({ length: 22 * 1440 }, (_, minute) => {
    level = keep * level + Math.sqrt(1 - keep * keep) * 0.05 * random.normal();
    const day = 1 - 0.6 * Math.cos((2 * Math.PI * (minute - 120)) / 1440);
    const isWeekend = Math.floor(minute / 1440) % 7 >= 5;
    const mean = 180 * day * (isWeekend ? 0.6 : 1) * Math.exp(level);
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  });
}

/** Three weeks of history in rows of so many seconds. */
async function imported(rowSec: number): Promise<PoolModel> {
  const model = createPoolModel(settings);
  await learnHistory(model, settings, {
    nowMs: () => nextDayMs,
    rest: async () => {},
    read: async ({ fromMs, toMs, everySec }) => {
      const stepMs = Math.max(rowSec, everySec) * 1000;
      const points: HistoryPoint[] = [];
      for (let endMs = Math.ceil(fromMs / stepMs) * stepMs; endMs <= toMs; endMs += stepMs) {
        if (endMs - stepMs >= mondayMs && endMs >= fromMs) points.push(pointOf(endMs, stepMs / 1000));
      }
      return points;
    },
  });
  return model;
}

function pointOf(endMs: number, sec: number): HistoryPoint {
  return {
    timestamp: new Date(endMs).toISOString(),
    interval_s: sec,
    arrival_rate: rateOf(endMs - sec * 1000, sec),
    completion_rate: 0,
    service_time_mean_s: 0,
    service_time_scv: 0,
    response_time_p95_s: null,
    current_workers: 0,
    busy_slots: 0,
    utilization: 0,
    backlog: 0,
    error_rate: 0,
    imported_share: 1,
  };
}

/** The same weeks, minute by minute, with a forecast twice a day as a living pool has. */
function lived(): PoolModel {
  const model = createPoolModel(settings);
  for (let endMs = mondayMs + 60_000; endMs <= nextDayMs; endMs += 60_000) {
    observe(model, { endMs, intervalSec: 60, ratePerSec: rateOf(endMs - 60_000, 60) });
    if ((endMs - mondayMs) % 43_200_000 === 0) forecastOf(model, { settings, horizonSec: 3_600 });
  }
  return model;
}

/** How a model forecasts the day after, minute by minute: share of minutes inside 95 % of the paths, and errors. */
function followingDay(model: PoolModel) {
  const day = forecastOf(model, { settings, horizonSec: 86_400 })?.mean ?? [];
  const dayError = day.reduce((sum, rate, i) => sum + Math.abs(rate - rateOf(nextDayMs + i * 900_000, 900)), 0);
  let [inside, seen, error] = [0, 0, 0];
  for (let endMs = nextDayMs; endMs < nextDayMs + 86_400_000 - 180_000; endMs += 60_000) {
    if (seen % 3 === 0) {
      const paths = forecastOf(model, { settings, horizonSec: 900 })?.paths;
      // The third minute ahead.
      const rates = (paths?.rates_per_s ?? []).map((path) => path[4] as number).sort((a, b) => a - b);
      const actual = rateOf(endMs + 120_000, 60);
      if (actual >= (rates[1] as number) - 1e-9 && actual <= (rates[62] as number) + 1e-9) inside += 1;
      error += Math.abs(actual - rates.reduce((sum, rate) => sum + rate, 0) / rates.length);
    }
    seen += 1;
    const ratePerSec = rateOf(endMs, 60);
    observe(model, { endMs: endMs + 60_000, intervalSec: 60, ratePerSec });
  }
  return { coverage: inside / Math.ceil(seen / 3), error, dayError, trust: model.long.trust.state };
}

describe('learnHistory', function () {
  this.timeout(120_000);
  let asLived: ReturnType<typeof followingDay>;
  before(() => {
    asLived = followingDay(lived());
  });

  for (const rowSec of [60, 300, 3600]) {
    it(`forecasts after rows of ${rowSec} s like one that has lived through the weeks, and is as sure of it`, async () => {
      const found = followingDay(await imported(rowSec));
      expect(found.trust).to.equal('trusted');
      expect(found.coverage, `${(100 * found.coverage).toFixed(1)} % of the minutes`).to.be.within(0.9, 0.99);
      expect(found.error / asLived.error).to.be.below(1.05);
      expect(found.dayError / asLived.dayError).to.be.below(1.1);
    });
  }

  it('gives the same model to every replica', async () => {
    expect(await imported(3600)).to.deep.equal(await imported(3600));
  });

  it('lets others have their turn at least every fifty points', async () => {
    let [read, rests, longest] = [0, 0, 0];
    const model = createPoolModel(settings);
    await learnHistory(model, settings, {
      nowMs: () => mondayMs + 86_400_000,
      rest: async () => {
        rests += 1;
      },
      read: async ({ fromMs, toMs, everySec }) => {
        const points = [];
        for (let endMs = fromMs + everySec * 1000; endMs <= toMs; endMs += everySec * 1000)
          if (endMs > mondayMs) points.push(pointOf(endMs, everySec));
        read += points.length;
        longest = Math.max(longest, points.length);
        return points;
      },
    });
    expect(longest).to.be.greaterThan(400);
    expect(rests).to.be.at.least(Math.floor(read / 50));
  });
});
