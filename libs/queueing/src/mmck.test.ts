import { expect } from 'chai';
import fc from 'fast-check';
import { blockingProbability } from './erlang.ts';
import { solveMmc } from './mmc.ts';
import { solveMmck } from './mmck.ts';

describe('solveMmck', () => {
  it('loses a third of the jobs at one server, room for two and full load', () => {
    const q = solveMmck({ arrivalRatePerSec: 1, serviceTimeSecMean: 1, servers: 1, capacity: 2 });
    expect(q.lossProbability).to.be.closeTo(1 / 3, 1e-14);
    expect(q.jobsMean).to.be.closeTo(1, 1e-14);
  });

  it('is the Erlang loss system when there is no room to wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0.05, max: 3, noNaN: true }), (servers, load) => {
        const a = load * servers;
        const q = solveMmck({ arrivalRatePerSec: a, serviceTimeSecMean: 1, servers, capacity: servers });
        const exact = blockingProbability({ offeredLoadErlangs: a, servers });
        fc.pre(exact > 1e-250);
        expect(q.lossProbability / exact).to.be.closeTo(1, 1e-9);
        expect(q.waitProbability).to.be.closeTo(0, 1e-12);
      }),
    );
  });

  it('becomes M/M/c when the room is large', () => {
    const finite = solveMmck({ arrivalRatePerSec: 8, serviceTimeSecMean: 1, servers: 10, capacity: 2000 });
    const unlimited = solveMmc({ arrivalRatePerSec: 8, serviceTimeSecMean: 1, servers: 10 });
    if (!unlimited.ok) throw new Error(unlimited.detail);
    expect(finite.waitSecMean).to.be.closeTo(unlimited.queue.waitSecMean, 1e-10);
    expect(finite.waitProbability).to.be.closeTo(unlimited.queue.waitProbability, 1e-10);
  });

  it('turns away what it cannot serve, at any overload', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 5000 }), (servers, room) => {
        const arrivalRatePerSec = 4 * servers;
        const q = solveMmck({ arrivalRatePerSec, serviceTimeSecMean: 1, servers, capacity: servers + room });
        expect(q.utilization).to.be.within(0, 1 + 1e-12);
        expect(arrivalRatePerSec * (1 - q.lossProbability)).to.be.closeTo(servers * q.utilization, 1e-9 * servers);
        expect(q.queueLengthMean).to.be.at.most(room);
      }),
    );
  });
});
