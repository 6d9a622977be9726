import { expect } from 'chai';
import { createSystemClock } from './system-clock.ts';

describe('createSystemClock', () => {
  const clock = createSystemClock();

  it('sleeps no shorter than asked, and wakes at once when its signal aborts', async () => {
    const startMs = performance.now();
    await clock.sleep(20);
    expect(performance.now() - startMs).to.be.at.least(19);
    const signal = new AbortController();
    const sleep = clock.sleep(3_600_000, signal.signal);
    signal.abort();
    await sleep;
  });

  it('can sleep longer than a timer of the platform can be set', async () => {
    const signal = new AbortController();
    let isAwake = false;
    const sleep = clock.sleep(2 ** 40, signal.signal).then(() => {
      isAwake = true;
    });
    await clock.sleep(20);
    expect(isAwake).to.equal(false);
    signal.abort();
    await sleep;
  });

  it('runs a task every period until it is stopped', async () => {
    let runs = 0;
    const ticker = clock.every(
      5,
      () => {
        runs += 1;
      },
      () => {},
    );
    while (runs < 3) await clock.sleep(5);
    await ticker.stop();
    const after = runs;
    await clock.sleep(30);
    expect(runs).to.equal(after);
  });

  it('goes on after a task at a time or of a ticker that throws, and hands over the error', async () => {
    const errors: unknown[] = [];
    const failing = createSystemClock((error) => errors.push(error));
    failing.at(failing.nowMs() + 5, () => {
      throw new Error('at a time');
    });
    const ticker = failing.every(
      5,
      () => {
        throw new Error('of a ticker');
      },
      (error) => errors.push(error),
    );
    while (errors.length < 4) await failing.sleep(5);
    await ticker.stop();
    expect(errors.map(String)).to.include('Error: at a time').and.to.include('Error: of a ticker');
  });

  it('does what it was told at a time, unless it was taken back', async () => {
    const done: string[] = [];
    clock.at(clock.nowMs() + 10, () => done.push('kept'));
    clock.at(clock.nowMs() + 10, () => done.push('taken back'))();
    await clock.sleep(60);
    expect(done).to.deep.equal(['kept']);
  });
});
