import { check, Forecast, messageBytesMax } from '@capplan/contracts';
import { expect } from 'chai';
import fc from 'fast-check';
import { forecastOf } from './forecast-of.ts';
import { trustOf } from './long-forecast.ts';
import type { ModelSettings } from './model-settings.ts';
import { createPoolModel, observationOf, observe, type PoolModel, packModel, unpackModel } from './pool-model.ts';
import { rateAt, sampleSnapshot, settings, settingsFor, startMs } from './samples-for-tests.ts';

/** A model that has seen so many days, in steps of five minutes. */
function learned(days: number, asked: ModelSettings = settings): PoolModel {
  const model = createPoolModel(asked);
  for (let ms = startMs + 300_000; ms <= startMs + days * 86_400_000; ms += 300_000) {
    observe(model, { endMs: ms, intervalSec: 300, ratePerSec: rateAt(ms - 150_000) });
  }
  return model;
}

const forecast = (model: PoolModel, asked: ModelSettings = settings, horizonSec = 86_400): Forecast => {
  const made = forecastOf(model, { settings: asked, horizonSec });
  if (made === undefined) throw new Error('no forecast');
  return made;
};

describe('forecastOf', () => {
  it('says nothing before it has seen anything', () => {
    expect(forecastOf(createPoolModel(settings), { settings, horizonSec: 3600 })).to.equal(undefined);
  });

  it('begins with the newest observation, and follows the wave of the days before', () => {
    const model = learned(5);
    const made = forecast(model);
    expect(check(Forecast, made)).to.deep.include({ ok: true });
    expect(made.made_at).to.equal(new Date(startMs + 5 * 86_400_000).toISOString());
    expect(made.mean).to.have.length(96);
    for (const [i, mean] of made.mean.entries()) {
      const middle = startMs + 5 * 86_400_000 + (i + 0.5) * 900_000;
      expect(mean).to.be.closeTo(rateAt(middle), 1);
    }
    expect(made.intervals.map(({ level }) => level)).to.deep.equal([0.5, 0.8, 0.95]);
    expect(made.paths?.rates_per_s).to.have.length(64);
    expect(made.paths?.rates_per_s[0]).to.have.length(8);
    for (const path of made.paths?.rates_per_s ?? []) expect(path[0]).to.be.within(5, 15);
  });

  it('fits into a message, however many paths are asked for and however far they reach', () => {
    const asked = { ...settings, leadSec: 14_400 };
    const made = forecastOf(learned(5, asked), { settings: { ...asked, paths: 512 }, horizonSec: 86_400 });
    expect(made?.paths?.rates_per_s.length).to.equal(102);
    expect(made?.paths?.rates_per_s[0]).to.have.length(480);
    expect(JSON.stringify(made).length).to.be.below(messageBytesMax / 2);
  });

  it('shifts with every observation, though the long forecast changes only with a step', () => {
    const model = learned(5);
    const before = forecast(model);
    const newest = sampleSnapshot(startMs + 5 * 86_400_000 + 60_000);
    observe(model, observationOf(newest));
    const after = forecast(model);
    expect(after.made_at).to.equal(newest.timestamp);
    const expected = (14 / 15) * (before.mean[0] as number) + (1 / 15) * (before.mean[1] as number);
    expect(after.mean[0]).to.be.closeTo(expected, 0.01);
  });

  it('is the same from the same model, also after a rest in the cache', () => {
    const model = learned(4);
    const restored = unpackModel(packModel(model, settings), settings);
    if (restored === undefined) throw new Error('not restored');
    expect(forecast(restored)).to.deep.equal(forecast(model));
    const endMs = model.untilMs + 60_000;
    for (const twin of [model, restored]) observe(twin, { endMs, intervalSec: 60, ratePerSec: 12 });
    expect(forecast(restored)).to.deep.equal(forecast(model));
  });

  it('fits in what the cache and a message hold', () => {
    const model = learned(40);
    expect(packModel(model, settings).length).to.be.lessThan(140_000);
    expect(JSON.stringify(forecast(model, settings, 7 * 86_400)).length).to.be.lessThan(100_000);
  });

  it('looks a week ahead, and no further', () => {
    expect(forecast(learned(4), settings, 7 * 86_400).mean).to.have.length(672);
    expect(forecast(learned(4), settings, 70 * 86_400).mean).to.have.length(672);
  });

  it('uses the model that the policy names, once there is enough history for it', () => {
    const asked = settingsFor({ model: 'holt_winters' });
    expect(forecast(learned(6, asked), asked).model).to.equal('holt_winters');
    const early = forecast(learned(0.1, asked), asked);
    expect(early.model).not.to.equal('holt_winters');
    expect(early.trust).to.deep.include({ state: 'learning' });
    expect(early.trust.reason).to.match(/holt_winters/);
  });

  it('multiplies demand while a known event lasts', () => {
    const [from, to] = [5, 6].map((day) => new Date(startMs + day * 86_400_000).toISOString()) as [string, string];
    const events = [{ from, to, multiplier: 3 }];
    const asked = settingsFor({ events });
    const plain = forecast(learned(5)).mean[40] as number;
    expect(forecast(learned(5, asked), asked).mean[40]).to.be.closeTo(3 * plain, 0.1 * plain);
  });
});

describe('observe', () => {
  it('ends in the same place whatever comes twice or late', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 60 }), (order) => {
        const [straight, disturbed] = [createPoolModel(settings), createPoolModel(settings)];
        for (let i = 0; i <= 30; i++) {
          observe(straight, observationOf(sampleSnapshot(startMs + i * 60_000)));
          observe(disturbed, observationOf(sampleSnapshot(startMs + i * 60_000)));
          // Whatever came before may come again at any time.
          for (const again of order) {
            if (again <= i) observe(disturbed, observationOf(sampleSnapshot(startMs + again * 60_000)));
          }
        }
        expect(packModel(disturbed, settings)).to.deep.equal(packModel(straight, settings));
      }),
      { numRuns: 20 },
    );
  });

  it('takes a suspect snapshot for unknown, not for zero', () => {
    const model = learned(4);
    const before = forecast(model).mean[0] as number;
    for (let minute = 1; minute <= 120; minute++) {
      const quality = { trusted: false, suspects: [] };
      const suspect = sampleSnapshot(startMs + 4 * 86_400_000 + minute * 60_000, { arrival_rate: 0, quality });
      observe(model, observationOf(suspect));
    }
    expect(forecast(model).mean[0]).to.be.greaterThan(0.7 * before);
  });
});

describe('what a snapshot says about demand', () => {
  for (const [says, changes, rate] of [
    ['trusted', {}, 10],
    ['not trusted', { quality: { trusted: false, suspects: [] } }, null],
    ['far more than its own figures account for', { arrival_rate: 10_000, completion_rate: 10, backlog: 0 }, null],
    [
      'nothing, and jobs wait in front of idle workers',
      { arrival_rate: 0, completion_rate: 0, backlog: 9, busy_slots: 0 },
      null,
    ],
  ] as const) {
    it(`${says}: ${rate ?? 'unknown'}`, () => {
      const seen = observationOf(
        sampleSnapshot(startMs, { arrival_rate: 10, completion_rate: 10, ...changes } as object),
      );
      expect(seen.ratePerSec).to.equal(rate);
    });
  }
});

describe('paths of a forecast', () => {
  it('begin with the newest closed step, and reach as far from now as a decision looks', () => {
    const model = learned(5);
    const minuteMs = model.untilMs + 60_000;
    observe(model, { endMs: minuteMs, intervalSec: 60, ratePerSec: 10 });
    expect(forecast(model).paths).to.deep.include({ begins_at: new Date(minuteMs).toISOString() });
    expect(forecast(model).paths?.rates_per_s[0]).to.have.length(8);
    observe(model, { endMs: minuteMs + 45_000, intervalSec: 45, ratePerSec: 10 });
    const later = forecast(model);
    expect(later.made_at).to.equal(new Date(minuteMs + 45_000).toISOString());
    expect(later.paths).to.deep.include({ begins_at: new Date(minuteMs).toISOString() });
    expect(later.paths?.rates_per_s[0]).to.have.length(10);
  });
});

describe('unpackModel', () => {
  it('gives up a model that was learned under other settings, or cannot be read', () => {
    const bytes = packModel(learned(1), settings);
    const slower = settingsFor({}, 600);
    expect(unpackModel(bytes, slower)).to.equal(undefined);
    expect(unpackModel(bytes.slice(0, 100), settings)).to.equal(undefined);
    expect(unpackModel(new TextEncoder().encode('{"v":2}'), settings)).to.equal(undefined);
  });
});

describe('trustOf', () => {
  it('is earned, and lost with hysteresis', () => {
    const trusted = trustOf({ mase: 0.9, daysKept: 10, previous: undefined });
    expect(trusted.state).to.equal('trusted');
    expect(trustOf({ mase: 1.2, daysKept: 10, previous: trusted }).state).to.equal('trusted');
    const demoted = trustOf({ mase: 1.5, daysKept: 10, previous: trusted });
    expect(demoted.state).to.equal('demoted');
    expect(trustOf({ mase: 1.2, daysKept: 10, previous: demoted }).state).to.equal('demoted');
    expect(trustOf({ mase: 0.5, daysKept: 1, previous: undefined }).state).to.equal('learning');
    expect(trustOf({ mase: null, daysKept: 10, previous: undefined }).state).to.equal('learning');
  });
});
