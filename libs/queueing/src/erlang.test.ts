import { expect } from 'chai';
import fc from 'fast-check';
import { blockingProbability, waitProbability } from './erlang.ts';
import {
  loadForBlocking,
  loadForWaitProbability,
  serversForBlocking,
  serversForWaitProbability,
} from './erlang-inverse.ts';

const loads = fc.double({ min: 1e-3, max: 5e4, noNaN: true });
const serverCounts = fc.integer({ min: 1, max: 60_000 });

describe('blockingProbability', () => {
  // The curves of Erlang's loss formula in Cooper, Introduction to Queueing Theory; digits from the recursion at 40 places.
  const published: [number, number, number][] = [
    [2, 2, 0.4],
    [10, 10, 0.21458234310734847],
    [5, 10, 0.01838457033664813],
    [100, 100, 0.075700452710861],
  ];
  for (const [offeredLoadErlangs, servers, expected] of published) {
    it(`is ${expected.toPrecision(4)} at ${offeredLoadErlangs} erlangs on ${servers} servers`, () => {
      expect(blockingProbability({ offeredLoadErlangs, servers })).to.be.closeTo(expected, 1e-12);
    });
  }

  it('is 1 without servers and 0 without load', () => {
    expect(blockingProbability({ offeredLoadErlangs: 3, servers: 0 })).to.equal(1);
    expect(blockingProbability({ offeredLoadErlangs: 0, servers: 3 })).to.equal(0);
  });

  it('keeps to the recursion in the number of servers, at every size', () => {
    fc.assert(
      fc.property(loads, serverCounts, (a, c) => {
        const here = blockingProbability({ offeredLoadErlangs: a, servers: c });
        const next = blockingProbability({ offeredLoadErlangs: a, servers: c + 1 });
        fc.pre(here > 1e-290);
        expect(next / ((a * here) / (c + 1 + a * here))).to.be.closeTo(1, 1e-10);
      }),
    );
  });

  it('keeps to it at a million servers, below, at and above full load', () => {
    for (const load of [0.99, 0.99999, 1, 1.00001, 1.2]) {
      const a = load * 1e6;
      const here = blockingProbability({ offeredLoadErlangs: a, servers: 1e6 });
      const next = blockingProbability({ offeredLoadErlangs: a, servers: 1e6 + 1 });
      expect(next / ((a * here) / (1e6 + 1 + a * here))).to.be.closeTo(1, 1e-11);
    }
  });

  it('tends to 1 - servers/load in overload', () => {
    expect(blockingProbability({ offeredLoadErlangs: 1e6, servers: 1000 })).to.be.closeTo(0.999, 1e-6);
  });

  it('refuses what is not a load or a number of servers', () => {
    expect(() => blockingProbability({ offeredLoadErlangs: -1, servers: 1 })).to.throw(
      RangeError,
      'offeredLoadErlangs',
    );
    expect(() => blockingProbability({ offeredLoadErlangs: 1, servers: 1.5 })).to.throw(RangeError, 'servers');
    expect(() => blockingProbability({ offeredLoadErlangs: Number.NaN, servers: 1 })).to.throw(RangeError);
  });
});

describe('waitProbability', () => {
  it('is 4/9 for two erlangs on three servers, as in Gross & Harris', () => {
    expect(waitProbability({ offeredLoadErlangs: 2, servers: 3 })).to.be.closeTo(4 / 9, 1e-15);
  });

  it('equals the utilisation of a single server', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (load) => {
        expect(waitProbability({ offeredLoadErlangs: load, servers: 1 })).to.be.closeTo(load, 1e-14);
      }),
    );
  });

  it('is 1 when load reaches capacity', () => {
    expect(waitProbability({ offeredLoadErlangs: 7, servers: 7 })).to.equal(1);
    expect(waitProbability({ offeredLoadErlangs: 70, servers: 7 })).to.equal(1);
  });

  it('falls with every server and rises with load', () => {
    fc.assert(
      fc.property(loads, serverCounts, fc.double({ min: 1.001, max: 2, noNaN: true }), (a, c, more) => {
        const here = waitProbability({ offeredLoadErlangs: a, servers: c });
        expect(waitProbability({ offeredLoadErlangs: a, servers: c + 1 })).to.be.at.most(here * (1 + 1e-12));
        expect(waitProbability({ offeredLoadErlangs: a * more, servers: c })).to.be.at.least(here * (1 - 1e-12));
      }),
    );
  });

  it('reaches the Halfin-Whitt limit with many servers', () => {
    // β = 1: 1 / (1 + Φ(1)/φ(1)), with Φ(1) = 0.841345, φ(1) = 0.241971.
    const servers = 1e6;
    const limit = 1 / (1 + 0.8413447460685429 / 0.24197072451914337);
    expect(waitProbability({ offeredLoadErlangs: servers - 1000, servers })).to.be.closeTo(limit, 1e-3);
  });
});

describe('the inverses of the Erlang formulas', () => {
  const probabilities = fc.double({ min: 1e-6, max: 0.999, noNaN: true });

  it('find the first number of servers that is enough', () => {
    fc.assert(
      fc.property(loads, probabilities, (offeredLoadErlangs, p) => {
        const forBlocking = serversForBlocking({ offeredLoadErlangs, blockingProbability: p });
        expect(blockingProbability({ offeredLoadErlangs, servers: forBlocking })).to.be.at.most(p);
        if (forBlocking > 0) {
          expect(blockingProbability({ offeredLoadErlangs, servers: forBlocking - 1 })).to.be.above(p);
        }
        const forWaiting = serversForWaitProbability({ offeredLoadErlangs, waitProbability: p });
        expect(waitProbability({ offeredLoadErlangs, servers: forWaiting })).to.be.at.most(p);
        if (forWaiting > 1) {
          expect(waitProbability({ offeredLoadErlangs, servers: forWaiting - 1 })).to.be.above(p);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('find the load that servers can take', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), probabilities, (servers, p) => {
        const blocked = loadForBlocking({ servers, blockingProbability: p });
        expect(blockingProbability({ offeredLoadErlangs: blocked, servers })).to.be.closeTo(p, 1e-9);
        const waiting = loadForWaitProbability({ servers, waitProbability: p });
        expect(waitProbability({ offeredLoadErlangs: waiting, servers })).to.be.closeTo(p, 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('ask for a queue that drains even when everybody may wait', () => {
    expect(serversForWaitProbability({ offeredLoadErlangs: 5, waitProbability: 1 })).to.equal(6);
    expect(serversForWaitProbability({ offeredLoadErlangs: 0, waitProbability: 0.1 })).to.equal(1);
  });
});
