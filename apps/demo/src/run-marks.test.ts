import { expect } from 'chai';
import { incompleteness, type RunGaps } from './run-marks.ts';

const whole: RunGaps = {
  windows: 96,
  windowsMeasured: 96,
  windowsTrusted: 96,
  unfinished: 0,
  unfinishedLate: 0,
  finishedUnseen: 0,
  restarts: 0,
};

describe('incompleteness', () => {
  it('has nothing to say of a run without gaps', () => {
    expect(incompleteness(whole)).to.deep.equal([]);
  });

  const table: [Partial<RunGaps>, string][] = [
    [
      { windowsMeasured: 93, windowsTrusted: 93 },
      '3 of 96 windows were not measured: worker-hours, cost and the most jobs waiting are lower bounds',
    ],
    [{ windowsTrusted: 95 }, '1 of 96 windows was measured in part and may be off'],
    [
      { unfinished: 12, unfinishedLate: 9 },
      '12 jobs were not finished: 9 of them late already, and counted so; 3 younger than the target, and not judged',
    ],
    [{ unfinished: 1 }, '1 job was not finished: 1 younger than the target, and not judged'],
    [{ finishedUnseen: 2 }, '2 jobs were done at a time that was not recorded: late in these figures'],
    [{ restarts: 1 }, 'the process was started again once: figures count from the last start'],
  ];
  for (const [gap, sentence] of table) {
    it(`says: ${sentence}`, () => {
      expect(incompleteness({ ...whole, ...gap })).to.deep.equal([sentence]);
    });
  }
});
