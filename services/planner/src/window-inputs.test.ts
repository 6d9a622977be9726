import { timestamp } from '@capplan/contracts';
import { createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { sampleSnapshot, startMs } from './conformance/samples.ts';
import { createWindowInputs, type WindowInput } from './window-inputs.ts';

type Arrival = [afterMs: number, input: WindowInput, windowSec: number];

/** Windows of 15 s; when each decision is made, and what it goes without. */
async function decisions(windows: number, arrivals: Arrival[]): Promise<string[]> {
  const clock = createVirtualClock({ startMs });
  const made: Partial<Record<WindowInput, { made_at: string }>> = {};
  const inputs = createWindowInputs(clock, {
    forecast: () => made.forecast as never,
    requirement: () => made.requirement as never,
  });
  for (const [afterMs, input, windowSec] of arrivals) {
    clock.at(startMs + afterMs, () => {
      made[input] = { made_at: timestamp(startMs + 1000 * windowSec) };
      inputs.arrived('shop/checkout');
    });
  }
  const lines: string[] = [];
  for (let window = 0; window < windows; window++) {
    const endMs = startMs + window * 15_000;
    const decided = inputs.of(sampleSnapshot(endMs, 4)).then((without) => {
      lines.push(`after ${clock.nowMs() - endMs} ms without ${without.join(' and ') || 'nothing'}`);
    });
    await clock.advance(15_000);
    await decided;
  }
  return lines;
}

describe('what the decision for a window waits for', () => {
  for (const [says, windows, arrivals, outcome] of [
    [
      'both are there',
      1,
      [
        [0, 'forecast', 0],
        [0, 'requirement', 0],
      ],
      ['after 0 ms without nothing'],
    ],
    [
      'both come in a moment',
      1,
      [
        [200, 'forecast', 0],
        [350, 'requirement', 0],
      ],
      ['after 350 ms without nothing'],
    ],
    [
      'those of an older window',
      1,
      [
        [0, 'forecast', -15],
        [0, 'requirement', -15],
      ],
      ['after 1000 ms without forecast and requirement'],
    ],
    ['one never comes', 1, [[200, 'forecast', 0]], ['after 1000 ms without requirement']],
    [
      'both come too late',
      1,
      [
        [1500, 'forecast', 0],
        [1500, 'requirement', 0],
      ],
      ['after 1000 ms without forecast and requirement'],
    ],
    [
      'nobody makes them: the next windows wait no more',
      3,
      [],
      [
        'after 1000 ms without forecast and requirement',
        'after 0 ms without forecast and requirement',
        'after 0 ms without forecast and requirement',
      ],
    ],
    [
      'they come again',
      3,
      [
        [14_000, 'forecast', 0],
        [14_000, 'requirement', 0],
        [15_300, 'forecast', 15],
        [15_400, 'requirement', 15],
        [30_200, 'forecast', 30],
      ],
      [
        'after 1000 ms without forecast and requirement',
        'after 400 ms without nothing',
        'after 1000 ms without requirement',
      ],
    ],
  ] as [string, number, Arrival[], string[]][]) {
    it(`${says}: ${outcome.join(', ')}`, async () => {
      expect(await decisions(windows, arrivals)).to.deep.equal(outcome);
    });
  }
});
