import { everyItem, type HistoryPoint, isCapacityError, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { createMemoryHistory } from '../adapters/memory-history.ts';
import { samplePoint } from '../conformance/history-store.ts';
import type { HistoryStore } from '../ports.ts';
import { averagePoints } from './average.ts';
import { type HistoryQuestion, readHistoryPage } from './read-page.ts';

const pool = 'shop/mail';
const intervalSec = 15;
const dayMs = 86_400_000;
const startMs = Date.parse(samplePoint(0).timestamp);

/** A store that counts what is read from it. */
async function countedHistory(which: Iterable<number>) {
  const memory = createMemoryHistory();
  for (const i of which) await memory.append(pool, samplePoint(i));
  const read = { points: 0, times: 0, mostAtOnce: 0 };
  const history: HistoryStore = {
    ...memory,
    read: async (...asked) => {
      const points = await memory.read(...asked);
      read.times += 1;
      read.points += points.length;
      read.mostAtOnce = Math.max(read.mostAtOnce, points.length);
      return points;
    },
  };
  return { history, read };
}

function* steps(from: number, to: number): Generator<number> {
  for (let i = from; i <= to; i++) yield i;
}

const all = (history: HistoryStore, question: Omit<HistoryQuestion, 'pool' | 'cursor'>) =>
  everyItem(
    (at) => readHistoryPage(history, { pool, ...question, ...at }, intervalSec),
    (page): readonly HistoryPoint[] => page.items,
  );

describe('readHistoryPage', () => {
  it('walks a range with any limit and resolution to what one reading of the whole shows', async () => {
    // Two hours, a gap of a day, three more hours.
    const { history } = await countedHistory([...steps(1, 480), ...steps(6_240, 6_960)]);
    const whole = { fromMs: startMs + 1, toMs: startMs + 6_950 * 15_000 };
    for (const everySec of [15, 60, 62.5, 300, 450, 900, 3600, 5400]) {
      const points = await history.read(pool, { ...whole, everySec });
      const expected = everySec === intervalSec ? points : averagePoints(points, everySec);
      expect(expected.length).to.be.greaterThan(3);
      for (const limit of [1, 2, 7, 100, undefined]) {
        expect(await all(history, { ...whole, everySec, limit }), `${everySec} ${limit}`).to.deep.equal(expected);
      }
    }
  });

  it('reads for a page what the page holds, however long the range is', async () => {
    const { history, read } = await countedHistory(steps(1, 20_000));
    const whole = { fromMs: startMs + 1, toMs: startMs + 90 * dayMs, everySec: 15 };
    await readHistoryPage(history, { pool, ...whole, limit: 100 }, intervalSec);
    expect(read).to.deep.equal({ points: 101, times: 1, mostAtOnce: 101 });
    read.points = 0;
    expect(await all(history, { ...whole, toMs: startMs + 20_000 * 15_000 })).to.have.length(20_000);
    expect(read.points).to.be.lessThan(2 * 20_000);
    expect(read.mostAtOnce).to.be.at.most(2_001);
  });

  it('crosses ninety empty days twice at most, with the smallest page too', async () => {
    const { history, read } = await countedHistory([1, 90 * 5_760]);
    const points = await all(history, { fromMs: startMs, toMs: startMs + 91 * dayMs, everySec: 15, limit: 1 });
    expect(points.map((point) => point.timestamp)).to.deep.equal([
      samplePoint(1).timestamp,
      timestamp(startMs + 90 * dayMs),
    ]);
    expect(read.times).to.be.lessThan(600);
  });

  it('refuses a cursor that is not its own', async () => {
    const { history } = await countedHistory([]);
    const question = { pool, fromMs: 0, toMs: startMs, everySec: 15, cursor: 'bm9wZQ' };
    const refusal: unknown = await readHistoryPage(history, question, intervalSec).catch((error: unknown) => error);
    expect(isCapacityError(refusal, 'invalid_input')).to.equal(true);
  });
});
