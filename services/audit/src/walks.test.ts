import { isCapacityError } from '@capplan/contracts';
import { createVirtualClock } from '@capplan/runtime';
import { expect } from 'chai';
import { createWalks } from './walks.ts';

const bounds = { atOnce: 2, waitingMax: 3, answerMs: 4_000 };

/** Walks that last until they are ended by hand. */
function open() {
  const clock = createVirtualClock({ startMs: 0 });
  const walks = createWalks(clock, bounds);
  const begun: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const said = new Map<string, string>();
  const start = (name: string) => {
    const walk = () =>
      new Promise<void>((resolve, reject) => {
        begun.push(name);
        ends.set(name, (failure) => (failure ? reject(failure) : resolve()));
      });
    walks.run(walk).then(
      () => said.set(name, 'done'),
      (error) => said.set(name, isCapacityError(error) ? error.code : String(error)),
    );
  };
  const end = async (name: string, failure?: Error) => {
    ends.get(name)?.(failure);
    await clock.advance(1);
  };
  return { clock, begun, said, start, end };
}

describe('createWalks', () => {
  it('lets so many walk at once, so many wait in order, and refuses one more', async () => {
    const w = open();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) w.start(name);
    await w.clock.advance(1);
    expect(w.begun).to.deep.equal(['a', 'b']);
    expect([...w.said]).to.deep.equal([['f', 'busy']]);
    await w.end('b');
    await w.end('a', new Error('broken'));
    expect(w.begun).to.deep.equal(['a', 'b', 'c', 'd']);
    await w.end('c');
    await w.end('d');
    await w.end('e');
    expect(w.said.get('a')).to.equal('Error: broken');
    expect(['b', 'c', 'd', 'e'].map((name) => w.said.get(name))).to.deep.equal(['done', 'done', 'done', 'done']);
    // All places are free again.
    for (const name of ['g', 'h', 'i']) w.start(name);
    await w.clock.advance(1);
    expect(w.begun.slice(5)).to.deep.equal(['g', 'h']);
  });

  it('lets nobody wait for longer than an answer may take, and gives no place to who has gone', async () => {
    const w = open();
    for (const name of ['a', 'b', 'c', 'd']) w.start(name);
    await w.clock.advance(bounds.answerMs + 1);
    expect([...w.said]).to.deep.equal([
      ['c', 'busy'],
      ['d', 'busy'],
    ]);
    w.start('e');
    await w.end('a');
    expect(w.begun).to.deep.equal(['a', 'b', 'e']);
  });

  it('tells a walk until when somebody waits for it, the time in the queue counted', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const walks = createWalks(clock, { ...bounds, atOnce: 1 });
    const first = walks.run(() => clock.sleep(1_000));
    const second = walks.run(async (untilMs) => untilMs);
    await clock.advance(1_000);
    await first;
    expect(await second).to.equal(4_000);
  });
});
