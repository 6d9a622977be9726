import { expect } from 'chai';
import { createOracle } from './oracle.ts';
import { viewWith } from './view-for-tests.ts';

describe('createOracle', () => {
  const oracle = createOracle({ workersNeeded: [5, 5, 5, 5, 9, 5, 5, 5, 5, 5], stepSec: 60, startupDelaySec: 120 });
  const ordered = (atSec: number): number => oracle.decide(viewWith({ atSec }));

  it('orders one start-up delay ahead of the need, no sooner than its looks make it', () => {
    expect(oracle.initialWorkers).to.equal(5);
    expect(ordered(60)).to.equal(5);
    // The step that needs nine begins at 240 s; an order at 120 s is there in time.
    expect(ordered(120)).to.equal(9);
  });

  it('gives workers up as soon as the need is over', () => {
    expect(ordered(240)).to.equal(9);
    expect(ordered(300)).to.equal(5);
  });

  it('keeps workers that it would have to order again at once', () => {
    const twice = createOracle({ workersNeeded: [9, 5, 9, 5, 5, 5], stepSec: 60, startupDelaySec: 120 });
    expect(twice.decide(viewWith({ atSec: 60 }))).to.equal(9);
  });
});
