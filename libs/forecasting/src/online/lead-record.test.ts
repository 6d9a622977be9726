import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { createLeadRecord, enterOutcome, type LeadRecord, relativeError } from './lead-record.ts';

const outcome = { held: 0, copied: 0, stepsPerDay: 96 };

/** Forecasts 0 with intervals of ±halfWidth (widened as the record asks) for standard normal outcomes. */
function run(halfWidth: number, steps: number): { record: LeadRecord; coverage: number } {
  const random = createRandomStream('outcomes');
  const record = createLeadRecord(3);
  let inside = 0;
  for (let step = 0; step < steps; step++) {
    const actual = random.normal();
    const slot = step % 3;
    const width = halfWidth * Math.exp(record.logWidth);
    record.pending[slot] = 0;
    record.pendingLower[slot] = -width;
    record.pendingUpper[slot] = width;
    if (step >= steps / 2 && Math.abs(actual) <= width) inside++;
    enterOutcome(record, { ...outcome, step, actual });
  }
  return { record, coverage: inside / (steps / 2) };
}

describe('enterOutcome', () => {
  it('widens intervals that were too narrow until they hold 95 %', () => {
    const { record, coverage } = run(1, 6000);
    expect(coverage).to.be.within(0.935, 0.965);
    expect(Math.exp(record.logWidth)).to.be.within(1.6, 2.4);
  });

  it('narrows intervals that were too wide', () => {
    expect(run(3, 6000).coverage).to.be.within(0.935, 0.965);
  });

  it('passes over forecasts that were never made and outcomes that are unknown', () => {
    const record = createLeadRecord(1);
    enterOutcome(record, { ...outcome, step: 0, actual: 5 });
    record.pending[0] = 1;
    enterOutcome(record, { ...outcome, step: 1, actual: Number.NaN });
    expect(record.outcomes).to.equal(0);
    expect(record.logWidth).to.equal(0);
  });
});

describe('relativeError', () => {
  const sums = { weight: 10, error: 6, holdError: 12, copyError: 8, demand: 100, covered: 9 };

  it('compares with the better of holding and copying', () => {
    expect(relativeError(sums)).to.equal(0.75);
    expect(relativeError({ ...sums, copyError: 0 })).to.equal(0.5);
  });

  it('is endless when naive forecasts were perfect and this one was not', () => {
    expect(relativeError({ ...sums, holdError: 0, copyError: 0 })).to.equal(Infinity);
    expect(relativeError({ ...sums, error: 0, holdError: 0, copyError: 0 })).to.equal(1);
  });
});
