import { expect } from 'chai';
import fc from 'fast-check';
import { createTimerQueue } from './timer-queue.ts';
import { createVirtualClock } from './virtual-clock.ts';

describe('createVirtualClock', () => {
  it('runs what falls due in the order of time, and lets promises settle in between', async () => {
    const clock = createVirtualClock({ startMs: 1_000 });
    const story: string[] = [];
    const wait = async (name: string, ms: number) => {
      await clock.sleep(ms);
      story.push(`${name} at ${clock.nowMs()}`);
      await clock.sleep(5);
      story.push(`${name} again at ${clock.nowMs()}`);
    };
    void wait('late', 30);
    void wait('early', 10);
    await clock.advance(32);
    expect(story).to.deep.equal(['early at 1010', 'early again at 1015', 'late at 1030']);
    expect(clock.nowMs()).to.equal(1_032);
  });

  it('wakes a sleeper at once, without error, when its signal aborts', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const signal = new AbortController();
    const sleep = clock.sleep(60_000, signal.signal);
    signal.abort();
    await sleep;
    await clock.sleep(60_000, signal.signal);
    expect(clock.nowMs()).to.equal(0);
  });

  it('runs a task every period, never two runs at once, and keeps its phase', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const starts: number[] = [];
    let active = 0;
    const ticker = clock.every(
      100,
      async () => {
        expect(++active).to.equal(1);
        starts.push(clock.nowMs());
        await clock.sleep(starts.length === 2 ? 250 : 10);
        active -= 1;
      },
      () => {},
    );
    await clock.advance(800);
    expect(starts).to.deep.equal([100, 200, 500, 600, 700, 800]);
    await clock.waitFor(ticker.stop());
    await clock.advance(1_000);
    expect(starts).to.have.length(6);
  });

  it('hands the error of a run to its caller and goes on', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const errors: unknown[] = [];
    clock.every(
      10,
      () => Promise.reject(new Error('no')),
      (error) => errors.push(error),
    );
    await clock.advance(35);
    expect(errors).to.have.length(3);
  });

  it('moves until a condition holds, or says that it did not', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    let isDone = false;
    clock.at(500, () => {
      isDone = true;
    });
    expect(await clock.advanceUntil(() => isDone, 400)).to.equal(false);
    expect(await clock.advanceUntil(() => isDone, 400)).to.equal(true);
    expect(clock.nowMs()).to.equal(500);
  });

  it('takes a timer back', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    let runs = 0;
    const cancel = clock.at(10, () => {
      runs += 1;
    });
    cancel();
    await clock.advance(20);
    expect(runs).to.equal(0);
  });

  it('refuses to be moved twice at once', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const first = clock.advance(10);
    const second = await clock.advance(10).catch((error: unknown) => error);
    expect(second).to.be.instanceOf(Error);
    await first;
  });
});

describe('createTimerQueue', () => {
  it('gives timers by time, and those of one time in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.boolean())), (wanted) => {
        const queue = createTimerQueue();
        const timers = wanted.map(([dueMs, cancelled], order) => ({ dueMs, order, cancelled, run: () => {} }));
        for (const timer of timers) queue.add(timer);
        const expected = timers
          .filter((timer) => !timer.cancelled)
          .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)
          .map((timer) => timer.order);
        const taken: number[] = [];
        for (let next = queue.take(); next; next = queue.take()) taken.push(next.order);
        expect(taken).to.deep.equal(expected);
      }),
    );
  });
});
