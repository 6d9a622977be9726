import { expect } from 'chai';
import fc from 'fast-check';
import { historyPages } from './history-pages.ts';
import { startMs } from './samples.test-data.ts';

describe('historyPages', () => {
  const nowMs = startMs + 17_000;

  it('covers everything since, without a gap, in questions that are not too large', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 80 * 86_400 }),
        fc.integer({ min: 0, max: 86_400 }),
        (agoSec, offsetSec) => {
          const now = nowMs + offsetSec * 1000;
          const sinceMs = now - agoSec * 1000;
          const pages = historyPages({ sinceMs, nowMs: now });
          let at = Math.max(sinceMs, now - 63 * 86_400_000);
          for (const { fromMs, toMs, everySec } of pages) {
            expect(fromMs).to.equal(at);
            expect(toMs).to.be.greaterThan(fromMs);
            expect((toMs - fromMs) / 1000 / everySec).to.be.at.most(801);
            at = toMs;
          }
          expect(now - at).to.be.lessThan(1000);
        },
      ),
    );
  });

  it('asks nothing when nothing is missing', () => {
    expect(historyPages({ sinceMs: nowMs, nowMs })).to.deep.equal([]);
  });
});
