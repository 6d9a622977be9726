import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { boundedWeight } from './features.ts';
import { createLeadForecaster, observeLead } from './lead-forecaster.ts';
import { type LeadPaths, leadPaths } from './lead-paths.ts';
import type { LeadState } from './lead-state.ts';
import { leadStateFromWire, leadStateToWire } from './lead-state-wire.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 5);
const day = 1440;

function observeMinute(state: LeadState, minute: number, jobs: number): void {
  const timeMs = startMs + (minute + 1) * minuteMs;
  observeLead(state, { timeMs, arrivalRatePerSec: jobs / 60, intervalSec: 60 });
}

function pathsOf(state: LeadState): LeadPaths {
  const paths = leadPaths(state, { stepSec: 60, steps: state.leads.at(-1) as number, paths: 64 });
  if (!paths) throw new Error('nothing was seen');
  return paths;
}

const highest = ({ ratesPerSec }: LeadPaths): number => Math.max(...ratesPerSec.flat());

/** Jobs a minute: quiet, then up by 8 to 30 % a minute to 4 to 10 times as many, a plateau, down by 10 to 20 %. */
function surges(seed: string, { minutes, bottom, plateau }: { minutes: number; bottom: number; plateau: number }) {
  const random = createRandomStream(seed);
  const jobs: number[] = [];
  const push = (mean: number): unknown => jobs.push(Math.max(0, mean + Math.sqrt(mean) * random.normal()));
  while (jobs.length < minutes) {
    for (let wait = 20 + random.integer(300); wait > 0; wait--) push(bottom);
    const peak = bottom * (4 + 6 * random.next());
    const [up, down] = [1.08 + 0.22 * random.next(), 0.8 + 0.1 * random.next()];
    for (let mean = bottom; mean < peak; mean *= up) push(mean);
    for (let wait = random.integer(plateau + 1); wait > 0; wait--) push(peak);
    for (let mean = peak; mean > bottom; mean *= down) push(mean);
  }
  return jobs.slice(0, minutes);
}

describe('bounds of the lead forecaster', () => {
  for (const [leadSec, bottom, plateau] of [
    [120, 600, 0],
    [240, 600, 15],
    [240, 60, 0],
    [420, 2000, 40],
  ] as const) {
    it(`keeps its own errors from growing while surges of ${bottom} jobs a minute fall, ${leadSec} s ahead`, () => {
      for (const seed of ['a', 'b', 'c']) {
        const state = createLeadForecaster({ leadSec });
        const jobs = surges(seed, { minutes: 7 * day, bottom, plateau });
        let seen = 0;
        let errors = 0;
        let held = 0;
        for (const [minute, count] of jobs.entries()) {
          observeMinute(state, minute, count);
          seen = Math.max(seen, count / 60);
          if (minute < 300 || minute % 3 !== 0) continue;
          const paths = pathsOf(state);
          // Twice what was seen, and four standard deviations of a count of a few jobs.
          expect(Math.sqrt(highest(paths))).to.be.below(Math.sqrt(2 * seen) + 0.26);
          const next = jobs[minute + 1] ?? count;
          errors += Math.abs((paths.meanRatesPerSec[0] as number) * 60 - next);
          held += Math.abs(count - next);
        }
        expect(boundedWeight.limit).to.be.below(1);
        for (const model of state.models)
          expect(Math.abs(model.weights[boundedWeight.feature] as number)).to.be.at.most(boundedWeight.limit);
        expect(errors / held, seed).to.be.below(1.1);
      }
    }).timeout(60_000);
  }

  it('learns a nightly batch in a queue that is otherwise empty', () => {
    for (const length of [15, 60]) {
      const state = createLeadForecaster({ leadSec: 240 });
      const jobs = (minute: number): number => (minute % day >= 120 && minute % day < 120 + length ? 540 : 0);
      for (let minute = 0; minute < 10 * day + 119; minute++) observeMinute(state, minute, jobs(minute));
      expect(pathsOf(state).meanRatesPerSec[3], `${length} minutes`).to.be.within(5, 12);
      for (let minute = 10 * day + 119; minute < 10 * day + 120 + length; minute++)
        observeMinute(state, minute, jobs(minute));
      expect(pathsOf(state).meanRatesPerSec[3], `after ${length} minutes`).to.be.below(1);
    }
  });

  it('answers a launch after days of nothing with little more than what comes', () => {
    for (const silentDays of [1, 12]) {
      for (const rate of [0.5, 5, 50]) {
        const state = createLeadForecaster({ leadSec: 240 });
        const random = createRandomStream(`launch ${rate}`);
        for (let minute = 0; minute < silentDays * day; minute++) observeMinute(state, minute, 0);
        for (let minute = silentDays * day; minute < silentDays * day + 120; minute++) {
          observeMinute(state, minute, Math.max(0, rate * 60 + Math.sqrt(rate * 60) * random.normal()));
          expect(Math.max(...pathsOf(state).meanRatesPerSec) / rate, `${rate}/s`).to.be.below(3.3);
        }
        expect((pathsOf(state).meanRatesPerSec[2] as number) / rate).to.be.within(0.8, 1.4);
      }
    }
  });

  it('is not ruled by one minute that nothing confirms, neither now nor a day later', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    const random = createRandomStream('absurd');
    const ordinary = (): number => 600 + Math.sqrt(600) * random.normal();
    for (let minute = 0; minute < 4 * day; minute++) observeMinute(state, minute, ordinary());
    observeMinute(state, 4 * day, 600_000);
    for (let minute = 4 * day + 1; minute < 4 * day + 4; minute++) observeMinute(state, minute, ordinary());
    expect(Math.max(...pathsOf(state).meanRatesPerSec)).to.be.below(16);
    for (let minute = 4 * day + 4; minute < 5 * day - 2; minute++) observeMinute(state, minute, ordinary());
    expect(Math.max(...pathsOf(state).meanRatesPerSec)).to.be.below(13);
    expect(highest(pathsOf(state))).to.be.below(45);
  });

  it('takes means of long intervals for no more certain than counts of minutes', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    for (let hour = 1; hour <= 14 * 24; hour++)
      observeLead(state, { timeMs: startMs + hour * 60 * minuteMs, arrivalRatePerSec: 10, intervalSec: 3600 });
    const sorted = pathsOf(state)
      .ratesPerSec.map((path) => path[2] as number)
      .sort((a, b) => a - b);
    // A minute holds 600 ± 24 jobs: 90 % of them lie within ±0.66 of 10 a second.
    expect((sorted[60] as number) - (sorted[3] as number)).to.be.within(1, 2);
  });

  it('sees at least the spread of counts where minutes came without any', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    for (let minute = 0; minute < 5 * day; minute++) observeMinute(state, minute, 600);
    const sorted = pathsOf(state)
      .ratesPerSec.map((path) => path[2] as number)
      .sort((a, b) => a - b);
    expect((sorted[60] as number) - (sorted[3] as number)).to.be.within(1, 2);
  });

  it('reads a state that was written before it kept the highest demand', () => {
    const state = createLeadForecaster({ leadSec: 240 });
    for (let minute = 0; minute < 3 * day; minute++) observeMinute(state, minute, minute % day === 600 ? 900 : 600);
    const wire = leadStateToWire(state);
    const read = leadStateFromWire({ ...wire, scalars: wire.scalars.slice(0, -2) });
    if (!read.ok) throw new Error(read.detail);
    expect(read.state.peak).to.be.within(Math.sqrt(10), Math.sqrt(15));
    expect(pathsOf(read.state)).to.deep.equal(pathsOf(state));
  });
});
