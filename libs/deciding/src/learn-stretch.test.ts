import { expect } from 'chai';
import { learnStretch } from './learn-stretch.ts';
import { createPoolModel, type Observation } from './pool-model.ts';
import { settings, startMs } from './samples-for-tests.ts';

const hourSec = 3600;

/** What the long model has learned of the four quarters of the middle one of three hours that rise. */
function quarters(isFlat: boolean): number[] {
  const past: Observation[] = [100, 200, 300].map((ratePerSec, i) => ({
    endMs: startMs + (i + 1) * hourSec * 1000,
    intervalSec: hourSec,
    ratePerSec,
  }));
  const model = createPoolModel(settings);
  for (const at of past.keys()) learnStretch(model, settings, past, { at, onlyLong: true, isFlat });
  return Array.from(model.long.rates.subarray(4, 8));
}

describe('learnStretch', () => {
  it('spreads a stretch along the line of its neighbours, or flat where demand was flat within it', () => {
    const [rising, flat] = [quarters(false), quarters(true)];
    expect((rising[3] as number) - (rising[0] as number)).to.be.within(60, 90);
    for (const rate of flat) expect(rate).to.be.closeTo(200, 4);
    for (const rates of [rising, flat]) {
      expect(rates.reduce((sum, rate) => sum + rate, 0) / 4).to.be.closeTo(200, 0.01);
    }
  });
});
