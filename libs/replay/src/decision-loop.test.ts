import { expect } from 'chai';
import { snapshotOf } from './controllers/planner.ts';
import { viewWith } from './controllers/view-for-tests.ts';
import { createDecisionLoop } from './decision-loop.ts';
import { policyFor } from './policy-for-tests.ts';

const startMs = Date.UTC(2026, 0, 5);
const pool = { id: 'test/pool', concurrency: 1, startupDelaySec: 60, workerCostPerHour: 1, tags: [] };

function loopWith(cooldowns: { up: string; down: string }) {
  const scaling = { scale_up_cooldown: cooldowns.up, scale_down_cooldown: cooldowns.down };
  return createDecisionLoop({ pool, policy: policyFor('20s', { scaling }) });
}

/** A pool whose 4 s jobs come at `rate`, seen at the end of a minute. */
function snapshotAt(
  minute: number,
  { rate, workers, waiting = 0 }: { rate: number; workers: number; waiting?: number },
) {
  const view = viewWith({
    intervalSec: 60,
    arrivals: rate * 60,
    completions: rate * 60,
    waiting,
    busySlots: Math.min(workers, Math.round(rate * 4)),
    readyWorkers: workers,
    serviceMeanSec: 4,
  });
  return snapshotOf(view, { poolId: pool.id, concurrency: 1, nowMs: startMs + minute * 60_000 });
}

describe('createDecisionLoop', () => {
  it('orders enough for the load it sees', () => {
    const loop = loopWith({ up: '0s', down: '0s' });
    let workers = 5;
    for (let minute = 1; minute <= 60; minute++) {
      workers = loop.decide(snapshotAt(minute, { rate: 10, workers })).targetWorkers;
    }
    expect(workers).to.be.within(41, 64);
  });

  it('keeps to its cooldown once an order is carried out', () => {
    const loop = loopWith({ up: '5m', down: '5m' });
    let workers = 5;
    const changes: { minute: number; up: boolean }[] = [];
    for (let minute = 1; minute <= 120; minute++) {
      const rate = minute % 6 < 3 ? 20 : 2;
      const { targetWorkers } = loop.decide(
        snapshotAt(minute, { rate, workers, waiting: rate > workers / 4 ? 50 : 0 }),
      );
      if (targetWorkers !== workers) changes.push({ minute, up: targetWorkers > workers });
      workers = targetWorkers;
    }
    expect(changes.length).to.be.greaterThan(1);
    for (const [i, { minute, up }] of changes.slice(1).entries()) {
      const before = changes[i] as (typeof changes)[number];
      if (minute - before.minute < 5) expect([before.up, up], `minute ${minute}`).to.deep.equal([false, true]);
    }
  });

  it('does not hold itself back by orders that nobody carries out, as in a shadow test', () => {
    const loop = loopWith({ up: '30m', down: '30m' });
    const wanted = [1, 2, 3].map(
      (minute) => loop.decide(snapshotAt(minute, { rate: 20, workers: 10, waiting: 500 })).targetWorkers,
    );
    expect(Math.min(...wanted)).to.be.greaterThan(10);
  });

  it('takes an interval that nobody measured for unknown, not for zero', () => {
    const decideAfter = (rate: number, trusted: boolean): number => {
      const loop = loopWith({ up: '0s', down: '0s' });
      for (let minute = 1; minute <= 90; minute++) loop.decide(snapshotAt(minute, { rate: 10, workers: 50 }));
      const blind = snapshotAt(91, { rate, workers: 50 });
      const quality = { trusted, suspects: [] };
      return loop.decide({ ...blind, quality }).targetWorkers;
    };
    expect(decideAfter(0, false)).to.be.at.least(50);
    expect(decideAfter(0, true)).to.be.below(50);
  });

  it('answers the same for the same past', () => {
    const answers = () => {
      const loop = loopWith({ up: '1m', down: '5m' });
      return Array.from({ length: 30 }, (_, minute) =>
        loop.decide(snapshotAt(minute + 1, { rate: 5 + (minute % 7), workers: 30 })),
      );
    };
    expect(answers()).to.deep.equal(answers());
  });
});
