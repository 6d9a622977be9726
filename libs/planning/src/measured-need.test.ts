import { size } from '@capplan/queueing';
import { expect } from 'chai';
import { fieldOf } from './field.ts';
import { inputOf, nowMs, policyOf, snapshotOf } from './input-for-tests.ts';
import { measuredNeed } from './measured-need.ts';
import { readPresent } from './present.ts';
import { createRecentLoad, observeRecentLoad } from './recent-load.ts';
import { resolveSettings } from './settings.ts';
import { sizeForLoad } from './size-for-load.ts';

/** Rates of the last intervals of 15 s, oldest first. */
function needFor(ratesPerSec: readonly number[], snapshot = snapshotOf({ interval_s: 15 }), policy = policyOf()) {
  const recent = createRecentLoad();
  for (const [i, rate] of ratesPerSec.entries()) {
    const timestamp = new Date(nowMs - 15_000 * (ratesPerSec.length - 1 - i)).toISOString();
    observeRecentLoad(recent, { ...snapshot, timestamp, arrival_rate: rate, completion_rate: rate, backlog: 0 });
  }
  const input = inputOf({ snapshot, recent, policy });
  const settings = resolveSettings(policy);
  return measuredNeed(input, settings, fieldOf(input, settings, readPresent(snapshot, input)));
}

describe('the need that is measured', () => {
  const steady = new Array<number>(40).fill(10);

  it('is what M/G/c asks for a steady level, with most of a deviation of its count', () => {
    const need = needFor(steady);
    // Ten intervals of 15 s end in the 140 s of start-up delay and objective.
    const rate = (1499 + 0.75 * Math.sqrt(1499)) / 150;
    expect(need?.loadErlangs).to.be.closeTo(4 * rate, 1e-9);
    const sized = size({
      arrivalRatePerSec: rate,
      service: { kind: 'lognormal', meanSec: 4, scv: 1 },
      latency: { of: 'response', percentile: 0.975, targetSec: 20 },
    });
    expect(sized.ok && sized.workers).to.be.closeTo(need?.workers as number, 1);
  });

  it('carries a rise beyond chance over the start-up delay, and a fall not at all', () => {
    const rising = Array.from({ length: 40 }, (_, i) => (i < 30 ? 10 : 10 + (i - 29)));
    expect(needFor(rising)?.loadErlangs).to.be.above(4 * 24);
    const falling = Array.from({ length: 40 }, (_, i) => (i < 30 ? 20 : 20 - (i - 29)));
    const need = needFor(falling);
    expect(need?.loadErlangs).to.be.within(4 * 14, 4 * 17);
    expect(need?.keptWorkers).to.be.above(80);
    const wiggle = steady.map((rate, i) => rate + (i % 2 === 0 ? 0.3 : -0.3));
    expect(needFor(wiggle)?.loadErlangs).to.be.closeTo(needFor(steady)?.loadErlangs as number, 1);
  });

  it('works off what waits within the start-up delay', () => {
    const waiting = snapshotOf({ interval_s: 15, backlog: 300 });
    expect(needFor(steady, waiting)?.workers).to.equal((needFor(steady)?.workers as number) + 10);
  });

  it('is one worker for one job, however long it takes', () => {
    const long = snapshotOf({ interval_s: 15, service_time_mean_s: 7200, busy_slots: 1, arrival_rate: 1 / 15 });
    expect(needFor([1 / 15], long)?.workers).to.equal(0);
  });

  it('is not known where nothing was measured', () => {
    const suspect = snapshotOf({ quality: { trusted: false, suspects: [] } });
    const policy = policyOf();
    const input = { ...inputOf({ policy }), snapshot: undefined };
    const settings = resolveSettings(policy);
    const present = readPresent(suspect, inputOf());
    expect(measuredNeed(input, settings, fieldOf(input, settings, present))).to.equal(undefined);
  });

  it('is sized within one worker of the formula for every load, spread and target', () => {
    for (const scv of [0, 0.5, 1, 4, 9]) {
      for (const load of [0.1, 1, 7, 40, 300]) {
        for (const targetSec of [5, 20, 300]) {
          const latency = { of: 'wait', percentile: 0.975, targetSec } as const;
          const service = { kind: 'lognormal', meanSec: 4, scv } as const;
          const exact = size({ arrivalRatePerSec: load / 4, service, latency });
          const quick = sizeForLoad(load, { serviceMeanSec: 4, serviceScv: scv, concurrency: 1, latency });
          const most = exact.ok ? Math.max(exact.workers + 1, Math.ceil(1.02 * exact.workers)) : 0;
          expect(quick, `${load} erlangs, scv ${scv}, ${targetSec} s`).to.be.within(
            exact.ok ? exact.workers - 1 : 0,
            most,
          );
        }
      }
    }
  });
});
