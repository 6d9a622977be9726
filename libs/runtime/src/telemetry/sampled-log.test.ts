import { expect } from 'chai';
import { createVirtualClock } from '../clock/virtual-clock.ts';
import { createMemoryLog } from './memory-log.ts';
import { kindsMax } from './repeated-lines.ts';
import { createSampledLog } from './sampled-log.ts';

describe('createSampledLog', () => {
  const open = () => {
    const clock = createVirtualClock({ startMs: 0 });
    const written = createMemoryLog({ linesMax: 100_000 });
    return { clock, written, log: createSampledLog(written, clock) };
  };

  it('writes ten of 14,000 lines in 25 s, and says how many it left out when the window is over', async () => {
    const { clock, written, log } = open();
    for (let i = 0; i < 14_000; i++) {
      log.warn({ n: i }, 'Redis takes no writes');
      if (i % 560 === 559) await clock.advance(1_000);
    }
    expect(written.lines()).to.have.length(10);
    await clock.advance(10_000);
    expect(written.lines().at(-1)).to.deep.equal({
      level: 'warn',
      facts: { n: 13_999, left_out: 13_990 },
      sentence: 'Redis takes no writes … and 13990 more in 30 s',
    });
    await clock.advance(120_000);
    expect(written.lines()).to.have.length(11);
    log.warn({ n: 1 }, 'Redis takes no writes');
    expect(written.lines()).to.have.length(12);
    await log.close();
  });

  it('never leaves the first line of a new error out, however many others there are', async () => {
    const { written, log } = open();
    for (let i = 0; i < 5_000; i++) log.error({ error: new Error('no bus') }, 'A look failed');
    log.error({ error: new TypeError('x is undefined') }, 'A look failed');
    log.error({ error: new Error('no bus') }, 'Another look failed');
    expect(
      written
        .lines()
        .map(({ sentence }) => sentence)
        .slice(10),
    ).to.deep.equal(['A look failed', 'Another look failed']);
    await log.close();
  });

  it('loses no count: what was written and what was left out is all there was', async () => {
    const { clock, written, log } = open();
    const lines = 40_000;
    for (let i = 0; i < lines; i++) {
      log.info({}, `Kind ${'abcdefghij'[i % 7]}`);
      if (i % 100 === 0) await clock.advance(250);
    }
    await log.close();
    const leftOut = written.lines().map(({ facts }) => (facts as { left_out?: number }).left_out);
    const counted = leftOut.reduce<number>((sum, count) => sum + (count ?? 1), 0);
    expect(counted).to.equal(lines);
    expect(written.lines().length).to.be.lessThan(7 * 11 * 5);
  });

  it('keeps no more kinds than it may, and lets what is for looking closely through', async () => {
    const { written, log } = open();
    const letters = (n: number) => String(n).replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] as string);
    for (let i = 0; i < 12; i++) log.warn({}, 'The first kind');
    for (let i = 0; i < kindsMax; i++) log.warn({}, `Kind ${letters(i)}`);
    expect(written.lines().at(-1)?.sentence).to.equal('The first kind … and 2 more in 1 s');
    for (let i = 0; i < 50; i++) log.debug({}, 'A detail');
    expect(written.lines().filter(({ level }) => level === 'debug')).to.have.length(50);
    await log.close();
  });
});
