import { isCapacityError } from '@capplan/contracts';
import { createMemoryBackend, createMemoryLog, createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { claimLocalProcesses, type LocalProcessClaim } from './local-process-claim.ts';

describe('claimLocalProcesses', () => {
  const open = () => {
    const clock = createVirtualClock({ startMs: 0 });
    const backend = createMemoryBackend({ clock });
    const claim = (instance: string, id = instance) => {
      const context = backend.context('executor', instance);
      const log = createMemoryLog();
      const outcome = claimLocalProcesses({ id, stateFile: `/data/${id}.json` }, { cache: context.cache, clock, log });
      outcome.catch(() => {});
      return { context, log, outcome };
    };
    const refused = async (outcome: Promise<LocalProcessClaim>) => {
      const error = await clock.waitFor(
        outcome.then(
          () => undefined,
          (reason: unknown) => reason,
        ),
      );
      if (!isCapacityError(error, 'conflict')) throw error ?? new Error('it was given');
      return error.message;
    };
    return { clock, claim, refused };
  };

  it('is given to one; another is refused while the first one lives, and told who has it', async () => {
    const { clock, claim, refused } = open();
    const first = await clock.waitFor(claim('a').outcome);
    const second = claim('b');
    expect(await refused(second.outcome))
      .to.include('/data/a.json')
      .and.include('EXECUTOR_WORKER_COMMANDS');
    expect(clock.nowMs()).to.be.within(15_000, 20_000);
    await clock.advance(600_000);
    expect(first.lostTo()).to.equal(undefined);
  });

  it('comes to the next one when its holder stops, and after its time when the holder has crashed', async () => {
    const { clock, claim } = open();
    const first = await clock.waitFor(claim('a').outcome);
    await clock.waitFor(first.release());
    const second = claim('b');
    await clock.waitFor(second.outcome);
    expect(clock.nowMs()).to.be.lessThan(1_000);
    second.context.crash();
    const third = await clock.waitFor(claim('c').outcome);
    expect(clock.nowMs()).to.be.within(10_000, 17_000);
    expect(third.lostTo()).to.equal(undefined);
  });

  it('comes back at once to the same workers after a crash', async () => {
    const { clock, claim } = open();
    const first = claim('a', 'fleet');
    await clock.waitFor(first.outcome);
    first.context.crash();
    await clock.waitFor(claim('b', 'fleet').outcome);
    expect(clock.nowMs()).to.be.lessThan(1_000);
  });

  it('is lost when another one took it meanwhile, and had again when that one has gone', async () => {
    const { clock, claim } = open();
    const first = claim('a');
    const held = await clock.waitFor(first.outcome);
    // The store lost it, as after a failover, and the other one was faster.
    await clock.waitFor(first.context.cache.remove('executor/local-processes'));
    const other = await clock.waitFor(claim('b').outcome);
    await clock.advance(6_000);
    expect(held.lostTo()).to.include('/data/b.json');
    expect(first.log.lines().filter(({ level }) => level === 'error')).to.have.length(1);
    await clock.waitFor(other.release());
    await clock.advance(6_000);
    expect(held.lostTo()).to.equal(undefined);
  });
});
