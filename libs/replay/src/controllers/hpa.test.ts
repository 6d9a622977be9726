import { expect } from 'chai';
import { createHpa } from './hpa.ts';
import { viewWith } from './view-for-tests.ts';

const bounds = { minWorkers: 1, maxWorkers: 1000, initialWorkers: 10, concurrency: 1 };

describe('createHpa', () => {
  it('stays while utilisation is within a tenth of its target', () => {
    const hpa = createHpa(bounds);
    expect(hpa.decide(viewWith({ busySlotsMean: 7.6 }))).to.equal(10);
    expect(hpa.decide(viewWith({ atSec: 30, busySlotsMean: 6.4 }))).to.equal(10);
  });

  it('scales out to workers x measured / target, rounded up', () => {
    expect(createHpa(bounds).decide(viewWith({ busySlotsMean: 10 }))).to.equal(15);
    expect(createHpa({ ...bounds, concurrency: 4 }).decide(viewWith({ busySlotsMean: 36 }))).to.equal(13);
  });

  it('counts starting workers as idle, so that it does not order twice for the same load', () => {
    const hpa = createHpa(bounds);
    expect(hpa.decide(viewWith({ busySlotsMean: 10 }))).to.equal(15);
    expect(hpa.decide(viewWith({ atSec: 30, busySlotsMean: 10, startingWorkers: 5 }))).to.equal(15);
  });

  it('scales in only to the highest recommendation of the last 300 s', () => {
    const hpa = createHpa(bounds);
    const seen: number[] = [];
    let workers = 10;
    for (let atSec = 15; atSec <= 450; atSec += 15) {
      // A small peak in the second look holds scale-in back for a whole window after it.
      const busySlotsMean = atSec === 30 ? 7 : 3.5;
      workers = hpa.decide(viewWith({ atSec, busySlotsMean, readyWorkers: 10 }));
      seen.push(workers);
    }
    expect(seen.slice(0, 21).every((count) => count === 10)).to.equal(true);
    expect(seen.at(-1)).to.equal(5);
  });

  it('at most doubles, or adds four, in 15 s', () => {
    const steep = createHpa({ ...bounds, targetUtilization: 0.1 });
    expect(steep.decide(viewWith({ busySlotsMean: 10 }))).to.equal(20);
    const small = createHpa({ ...bounds, targetUtilization: 0.1 });
    expect(small.decide(viewWith({ busySlotsMean: 2, readyWorkers: 2 }))).to.equal(6);
  });

  it('stays within its bounds', () => {
    expect(createHpa({ ...bounds, maxWorkers: 12 }).decide(viewWith({ busySlotsMean: 10 }))).to.equal(12);
  });
});
