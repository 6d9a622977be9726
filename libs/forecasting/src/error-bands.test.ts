import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { errorBands, normalQuantile, quantilePath } from './error-bands.ts';
import type { History } from './forecast-model.ts';
import { createSeasonCalendar } from './season-calendar.ts';

/** A flat forecast of 100 whose actual values scatter around it in the root domain. */
function noisy(seed: number, spreadAt: (slot: number) => number, steps = 3000): History {
  const random = createRandomStream(seed);
  const calendar = createSeasonCalendar({ startMs: 0, intervalSec: 3600, steps: steps + 168 });
  const values = Float64Array.from({ length: steps }, (_, i) => {
    return (10 + spreadAt(calendar.daySlots[i] as number) * random.normal()) ** 2;
  });
  return { values, calendar };
}

function flatForecasts(origins: readonly number[], steps: number): Float64Array[] {
  return origins.map(() => new Float64Array(steps).fill(100));
}

const origins = Array.from({ length: 200 }, (_, i) => 1000 + i * 9);

describe('normalQuantile', () => {
  it('gives the values of the tables', () => {
    for (const [probability, score] of [
      [0.5, 0],
      [0.8413, 0.9998],
      [0.95, 1.6449],
      [0.975, 1.96],
      [0.995, 2.5758],
    ] as const) {
      expect(normalQuantile(probability)).to.be.closeTo(score, 6e-4);
      expect(normalQuantile(1 - probability)).to.be.closeTo(-score, 6e-4);
    }
  });
});

describe('quantilePath', () => {
  const coverageOf = (history: History, fresh: History, level: number, slots?: (slot: number) => boolean): number => {
    const bands = errorBands(history, origins, flatForecasts(origins, 4), 4);
    let inside = 0;
    let count = 0;
    for (let i = 0; i < fresh.values.length; i++) {
      const slot = fresh.calendar.daySlots[i] as number;
      if (slots && !slots(slot)) continue;
      const at = (probability: number): number =>
        quantilePath(Float64Array.of(100), bands, probability, {
          intervalSec: 3600,
          daySlotAt: () => slot,
        })[0] as number;
      const value = fresh.values[i] as number;
      count++;
      if (value >= at((1 - level) / 2) && value <= at((1 + level) / 2)) inside++;
    }
    return inside / count;
  };

  it('holds the share promised on values that were not used', () => {
    const steady = () => 1;
    expect(coverageOf(noisy(1, steady), noisy(2, steady), 0.95)).to.be.within(0.93, 0.98);
    expect(coverageOf(noisy(1, steady), noisy(2, steady), 0.8)).to.be.within(0.77, 0.85);
  });

  it('holds it at quiet and at noisy times of the day alike', () => {
    const spread = (slot: number): number => (slot < 12 ? 0.3 : 1.5);
    const [past, fresh] = [noisy(3, spread), noisy(4, spread)];
    expect(coverageOf(past, fresh, 0.9, (slot) => slot > 1 && slot < 10)).to.be.within(0.86, 0.98);
    expect(coverageOf(past, fresh, 0.9, (slot) => slot > 13 && slot < 22)).to.be.within(0.86, 0.98);
  });

  it('widens with the level and never falls below zero', () => {
    const history = noisy(5, () => 6);
    const bands = errorBands(history, origins, flatForecasts(origins, 4), 4);
    const paths = [0.01, 0.1, 0.5, 0.9, 0.99].map((probability) =>
      quantilePath(Float64Array.of(100, 100, 100, 0), bands, probability, { intervalSec: 3600, daySlotAt: () => 0 }),
    );
    for (let step = 0; step < 4; step++) {
      const column = paths.map((path) => path[step] as number);
      expect(column).to.deep.equal([...column].sort((a, b) => a - b));
      expect(column[0]).to.be.at.least(0);
    }
  });

  it('widens like a random walk beyond the leads that were measured', () => {
    const bands = errorBands(
      noisy(6, () => 1),
      origins,
      flatForecasts(origins, 4),
      4,
    );
    const upper = quantilePath(new Float64Array(160).fill(100), bands, 0.975, {
      intervalSec: 3600,
      daySlotAt: () => 0,
    });
    expect(Math.sqrt(upper[159] as number) - 10).to.be.above(4 * (Math.sqrt(upper[2] as number) - 10));
  });
});
