import { CapacityError } from '@capplan/contracts';
import { expect } from 'chai';
import { kindOf, type LineOutcome, type Repeats, takeLine } from './repeated-lines.ts';

const rule = { burst: 2, windowMs: 30_000 };
const window = (written: number, leftOut = 0): Repeats => ({ sinceMs: 0, written, leftOut });

describe('takeLine', () => {
  const cases: [string, Repeats | undefined, number, LineOutcome][] = [
    [
      'the first of its kind',
      undefined,
      5,
      { repeats: { sinceMs: 5, written: 1, leftOut: 0 }, isWritten: true, before: undefined },
    ],
    ['one within the burst', window(1), 9, { repeats: window(2), isWritten: true, before: undefined }],
    ['one above the burst', window(2), 9, { repeats: window(2, 1), isWritten: false, before: undefined }],
    ['one more above it', window(2, 310), 29_999, { repeats: window(2, 311), isWritten: false, before: undefined }],
    [
      'one after the window, of which lines were left out',
      window(2, 311),
      30_000,
      { repeats: { sinceMs: 30_000, written: 1, leftOut: 0 }, isWritten: true, before: { lines: 311, sec: 30 } },
    ],
    [
      'one long after the window',
      window(2, 1),
      300_000,
      { repeats: { sinceMs: 300_000, written: 1, leftOut: 0 }, isWritten: true, before: { lines: 1, sec: 300 } },
    ],
    [
      'one after a window in which all were written',
      window(2),
      30_000,
      { repeats: { sinceMs: 30_000, written: 1, leftOut: 0 }, isWritten: true, before: undefined },
    ],
    [
      'one after the clock was set back',
      { sinceMs: 9_000, written: 2, leftOut: 3 },
      8_000,
      { repeats: { sinceMs: 8_000, written: 1, leftOut: 0 }, isWritten: true, before: { lines: 3, sec: 1 } },
    ],
  ];
  for (const [what, repeats, nowMs, outcome] of cases) {
    it(`${outcome.isWritten ? 'writes' : 'leaves out'} ${what}`, () => {
      expect(takeLine(repeats, nowMs, rule)).to.deep.equal(outcome);
    });
  }
});

describe('kindOf', () => {
  const kind = (error?: unknown, sentence = 'It failed', level = 'warn') =>
    kindOf(level, sentence, error === undefined ? { pool: 'a/b' } : { pool: 'a/b', error });

  it('takes lines of one sentence as one, whatever their facts and whatever ids their error names', () => {
    expect(kindOf('warn', 'It failed', { pool: 'a/b' })).to.equal(kindOf('warn', 'It failed', { pool: 'c/d' }));
    const lost = (id: string) => new CapacityError('unavailable', `no answer for ${id} after 12 ms`);
    expect(kind(lost('shop/mail'))).to.equal(kind(lost('shop-2/jobs')));
    expect(kind(lost('"a b"'))).to.equal(kind(lost("'c'")));
    expect(kind(lost('8f3a2b1c'))).to.equal(kind(lost('77aa0f3e')));
  });

  it('keeps levels, sentences, codes and errors apart', () => {
    const kinds = [
      kind(),
      kind(undefined, 'It failed', 'error'),
      kind(undefined, 'It failed again'),
      kind(new CapacityError('unavailable', 'no bus')),
      kind(new CapacityError('conflict', 'no bus')),
      kind(new CapacityError('unavailable', 'no disk')),
      kind(new TypeError('no bus')),
    ];
    expect(new Set(kinds)).to.have.property('size', kinds.length);
  });
});
