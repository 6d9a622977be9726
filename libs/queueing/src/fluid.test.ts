import { expect } from 'chai';
import fc from 'fast-check';
import { drainTimeSec, fluidBacklog, serversToDrain, transientOverload } from './fluid.ts';

const rates = fc.double({ min: 0, max: 100, noNaN: true });

describe('drainTimeSec and serversToDrain', () => {
  it('are inverse to each other', () => {
    fc.assert(
      fc.property(
        rates,
        fc.double({ min: 1, max: 1e5, noNaN: true }),
        fc.double({ min: 1, max: 3600, noNaN: true }),
        (rate, backlogJobs, drainSec) => {
          const overload = { backlogJobs, arrivalRatePerSec: rate, serviceTimeSecMean: 1.7 };
          const servers = serversToDrain({ ...overload, drainSec });
          expect(drainTimeSec({ ...overload, servers })).to.be.at.most(drainSec * (1 + 1e-6));
          expect(drainTimeSec({ ...overload, servers: servers - 1 })).to.be.at.least(drainSec * (1 - 1e-6));
        },
      ),
    );
  });

  it('drain nothing in no time and never what servers cannot keep up with', () => {
    expect(drainTimeSec({ backlogJobs: 0, arrivalRatePerSec: 9, serviceTimeSecMean: 1, servers: 1 })).to.equal(0);
    expect(drainTimeSec({ backlogJobs: 1, arrivalRatePerSec: 2, serviceTimeSecMean: 1, servers: 2 })).to.equal(
      Infinity,
    );
    expect(serversToDrain({ backlogJobs: 600, arrivalRatePerSec: 5, serviceTimeSecMean: 1, drainSec: 300 })).to.equal(
      7,
    );
  });
});

describe('fluidBacklog', () => {
  it('conserves jobs: what arrives is served or waits', () => {
    fc.assert(
      fc.property(
        fc.array(rates, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 100 }),
        (ratesPerSec, servers) => {
          const { backlogJobs, backlogJobsMax } = fluidBacklog({
            ratesPerSec,
            servers: [servers],
            stepSec: 10,
            serviceTimeSecMean: 2,
          });
          let before = 0;
          for (const [i, after] of backlogJobs.entries()) {
            const served = before + (ratesPerSec[i] as number) * 10 - after;
            expect(served).to.be.within(-1e-9, servers * 5 + 1e-9);
            expect(after).to.be.within(0, backlogJobsMax);
            before = after;
          }
        },
      ),
    );
  });

  it('counts ordered servers only after their start-up delay, also within a step', () => {
    const query = { ratesPerSec: [10, 10, 10], servers: [10], serversBefore: 5, stepSec: 30, serviceTimeSecMean: 1 };
    const backlogAt = (startupDelaySec: number) => [...fluidBacklog({ ...query, startupDelaySec }).backlogJobs];
    expect(backlogAt(0)).to.deep.equal([0, 0, 0]);
    expect(backlogAt(15)).to.deep.equal([75, 75, 75]);
    expect(backlogAt(30)).to.deep.equal([150, 150, 150]);
    expect(backlogAt(45)).to.deep.equal([150, 225, 225]);
  });

  it('takes servers away at once', () => {
    const { backlogJobs } = fluidBacklog({
      ratesPerSec: [10, 10],
      servers: [10, 5],
      stepSec: 10,
      serviceTimeSecMean: 1,
      startupDelaySec: 60,
    });
    expect([...backlogJobs]).to.deep.equal([0, 50]);
  });

  it('reports when a backlog is cleared and how long it kept jobs waiting', () => {
    const path = fluidBacklog({
      ratesPerSec: [0, 0, 0],
      servers: [2],
      stepSec: 10,
      serviceTimeSecMean: 1,
      backlogJobs: 30,
    });
    expect(path.clearedAtSec).to.equal(20);
    expect(path.backlogJobsMax).to.equal(30);
    expect(fluidBacklog({ ratesPerSec: [9], servers: [0], stepSec: 10, serviceTimeSecMean: 1 }).waitSecMax).to.equal(
      Infinity,
    );
  });
});

describe('transientOverload', () => {
  it('agrees with the fluid path of the same burst', () => {
    const burst = { burstRatePerSec: 15, burstSec: 60, arrivalRatePerSec: 5, servers: 10, serviceTimeSecMean: 1 };
    const { backlogJobsMax, waitSecMax, clearedAfterSec, delayedJobs } = transientOverload(burst);
    expect([backlogJobsMax, waitSecMax, clearedAfterSec, delayedJobs]).to.deep.equal([300, 30, 120, 1200]);
    const ratesPerSec = Array.from({ length: 40 }, (_, i) => (i < 12 ? 15 : 5));
    const path = fluidBacklog({ ratesPerSec, servers: [10], stepSec: 5, serviceTimeSecMean: 1 });
    expect(path.backlogJobsMax).to.equal(300);
    expect(path.waitSecMax).to.equal(30);
    expect(path.clearedAtSec).to.equal(120);
  });

  it('never ends when the usual load leaves no room', () => {
    const forever = transientOverload({
      burstRatePerSec: 15,
      burstSec: 60,
      arrivalRatePerSec: 10,
      servers: 10,
      serviceTimeSecMean: 1,
    });
    expect(forever.clearedAfterSec).to.equal(Infinity);
    expect(forever.backlogJobsMax).to.equal(300);
  });

  it('is nothing when the burst fits', () => {
    const fits = transientOverload({
      burstRatePerSec: 9,
      burstSec: 60,
      arrivalRatePerSec: 5,
      servers: 10,
      serviceTimeSecMean: 1,
    });
    expect(fits).to.deep.equal({ backlogJobsMax: 0, waitSecMax: 0, clearedAfterSec: 0, delayedJobs: 0 });
  });
});
