import { expect } from 'chai';
import { aheadMsOf, createCorrectedClock, type TimeSample } from './corrected-clock.ts';
import { createVirtualClock } from './virtual-clock.ts';

const minuteMs = 60_000;

describe('createCorrectedClock', () => {
  /** What the clock shows at steady times, with measurements in between. */
  const shown = (steps: ({ steadyMs: number } | { aheadMs: number })[]): number[] => {
    let steadyMs = 0;
    const clock = createCorrectedClock(createVirtualClock({ startMs: 0 }), () => steadyMs);
    const times: number[] = [];
    for (const step of steps) {
      if ('aheadMs' in step) clock.correct(step.aheadMs);
      else {
        steadyMs = step.steadyMs;
        times.push(clock.nowMs());
      }
    }
    return times;
  };
  const at = (steadyMs: number) => ({ steadyMs });
  const measured = (aheadMs: number) => ({ aheadMs });

  const cases: [string, ({ steadyMs: number } | { aheadMs: number })[], number[]][] = [
    ['no measurement: the machine’s time', [at(1000), at(2000)], [1000, 2000]],
    ['a small difference is tolerated', [measured(500), at(1000), measured(-500), at(2000)], [1000, 2000]],
    ['20 minutes ahead', [measured(20 * minuteMs), at(21 * minuteMs)], [minuteMs]],
    ['20 minutes behind', [measured(-20 * minuteMs), at(minuteMs)], [21 * minuteMs]],
    ['what is near the correction in force changes nothing', [measured(9000), measured(9400), at(10_000)], [1000]],
    ['a way back to the right time', [measured(9000), at(9500), measured(100), at(10_000)], [500, 9900]],
    [
      'back by three seconds: time stands still until it is caught up with',
      [at(10_000), measured(3000), at(11_000), at(12_900), at(13_500)],
      [10_000, 10_000, 10_000, 10_500],
    ],
    [
      'back by twenty minutes: at once',
      [at(30 * minuteMs), measured(20 * minuteMs), at(30 * minuteMs)],
      [30 * minuteMs, 10 * minuteMs],
    ],
  ];
  for (const [title, steps, times] of cases) {
    it(title, () => {
      expect(shown(steps)).to.deep.equal(times);
    });
  }

  it('does at a time of its own what is to be done then', async () => {
    const machine = createVirtualClock({ startMs: 100_000 });
    const clock = createCorrectedClock(machine, () => machine.nowMs());
    clock.correct(60_000);
    let doneMs = 0;
    clock.at(41_000, () => {
      doneMs = machine.nowMs();
    });
    await machine.advance(5_000);
    expect(doneMs).to.equal(101_000);
  });
});

describe('aheadMsOf', () => {
  const sample = (askedMs: number, answeredMs: number, serverMs: number): TimeSample => ({
    askedMs,
    answeredMs,
    serverMs,
  });
  const cases: [string, TimeSample[], number][] = [
    ['the same time', [sample(1000, 1010, 1005)], 0],
    ['ahead', [sample(61_000, 61_010, 1005)], 60_000],
    ['behind', [sample(0, 10, 60_005)], -60_000],
    ['the quickest of several counts', [sample(0, 900, 10), sample(1000, 1002, 1001), sample(2000, 2400, 2000)], 0],
  ];
  for (const [title, samples, ahead] of cases) {
    it(title, () => {
      expect(aheadMsOf(samples)).to.equal(ahead);
    });
  }
});
