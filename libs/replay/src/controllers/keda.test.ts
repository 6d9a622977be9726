import { expect } from 'chai';
import { createKeda } from './keda.ts';
import { viewWith } from './view-for-tests.ts';

const bounds = { minWorkers: 0, maxWorkers: 1000, initialWorkers: 10, concurrency: 1 };

describe('createKeda', () => {
  it('wants one slot for each job, waiting or running', () => {
    expect(createKeda(bounds).decide(viewWith({ waiting: 5, busySlots: 10 }))).to.equal(15);
  });

  it('wants more slots than jobs at fewer jobs per slot', () => {
    expect(createKeda({ ...bounds, jobsPerSlot: 0.7 }).decide(viewWith({ waiting: 1, busySlots: 10 }))).to.equal(16);
  });

  it('counts slots, not workers', () => {
    expect(createKeda({ ...bounds, concurrency: 10 }).decide(viewWith({ waiting: 50, busySlots: 100 }))).to.equal(15);
  });

  it('stays within a tenth, and starts from nothing', () => {
    expect(createKeda(bounds).decide(viewWith({ waiting: 1, busySlots: 10 }))).to.equal(10);
    expect(createKeda(bounds).decide(viewWith({ waiting: 3, busySlots: 0, readyWorkers: 0 }))).to.equal(3);
  });

  it('goes down to nothing when the queue has been empty for 300 s', () => {
    const keda = createKeda(bounds);
    let workers = 10;
    for (let atSec = 30; atSec <= 330; atSec += 30) {
      workers = keda.decide(viewWith({ atSec, busySlots: 0, busySlotsMean: 0, readyWorkers: workers }));
    }
    expect(workers).to.equal(0);
  });
});
