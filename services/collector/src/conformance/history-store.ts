import { check, HistoryPoint, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import type { HistoryStore } from '../ports.ts';

const POOL = 'shop/mail';
const startMs = Date.parse('2026-03-02T00:00:00Z');

/** The point that ends `i` intervals of 15 s after the start, with a wave in it. */
export function samplePoint(i: number): HistoryPoint {
  const wave = 1 + 0.5 * Math.sin(i / 300);
  return {
    timestamp: timestamp(startMs + i * 15_000),
    interval_s: 15,
    arrival_rate: 150 * wave,
    completion_rate: 149 * wave,
    service_time_mean_s: 2.1,
    service_time_scv: 1.3,
    response_time_p95_s: i % 7 === 0 ? null : 3.2 * wave,
    current_workers: Math.round(24 * wave),
    busy_slots: Math.round(200 * wave),
    utilization: 0.8,
    backlog: i % 40,
    error_rate: 0.002,
    trusted_share: i % 100 === 0 ? 0 : 1,
    cost_per_hour: 12 * wave,
  };
}

const figures = Object.keys(samplePoint(1)).filter((name) => name !== 'timestamp') as (keyof HistoryPoint)[];

function expectNear(found: HistoryPoint | undefined, wanted: HistoryPoint): void {
  expect(found?.timestamp).to.equal(wanted.timestamp);
  for (const figure of figures) {
    const [a, b] = [found?.[figure], wanted[figure]];
    if (typeof b === 'number') expect(a, figure).to.be.closeTo(b, 0.004 * Math.max(1, b));
    else expect(a, figure).to.equal(b);
  }
}

/** What every `HistoryStore` has to keep. `create` gives an empty one. */
export function describeHistoryStoreConformance(name: string, create: () => Promise<HistoryStore>): void {
  describe(`${name} as a HistoryStore`, () => {
    let store: HistoryStore;
    beforeEach(async () => {
      store = await create();
    });
    const fill = async (from: number, to: number): Promise<void> => {
      for (let i = from; i <= to; i++) await store.append(POOL, samplePoint(i));
    };
    const read = (fromSec: number, toSec: number, everySec: number) =>
      store.read(POOL, { fromMs: startMs + fromSec * 1000, toMs: startMs + toSec * 1000, everySec });

    it('gives back what was measured, over hours, near enough', async () => {
      await fill(1, 600);
      const points = await read(15, 9000, 15);
      expect(points).to.have.length(600);
      for (const [i, point] of points.entries()) {
        expectNear(point, samplePoint(i + 1));
        expect(check(HistoryPoint, point)).to.deep.include({ ok: true });
      }
    });

    it('gives the stretch asked for, both ends included', async () => {
      await fill(1, 400);
      const points = await read(150, 300, 15);
      expect(points.map((point) => point.timestamp)).to.deep.equal(
        Array.from({ length: 11 }, (_, i) => samplePoint(10 + i).timestamp),
      );
      expect(await read(-1000, 0, 15)).to.deep.equal([]);
      expect(await store.read('shop/none', { fromMs: 0, toMs: startMs + 1e9, everySec: 15 })).to.deep.equal([]);
    });

    it('adds a moment once', async () => {
      await fill(1, 10);
      await fill(5, 12);
      expect(await read(0, 1000, 15)).to.have.length(12);
    });

    it('averages five minutes and hours, sealed or not, from the same points', async () => {
      await fill(1, 600);
      const five = await read(1, 9000, 300);
      expect(five).to.have.length(30);
      const wanted = Array.from({ length: 20 }, (_, i) => samplePoint(i + 1));
      const mean = wanted.reduce((sum, point) => sum + point.arrival_rate, 0) / 20;
      expect(five[0]?.arrival_rate).to.be.closeTo(mean, 0.5);
      expect(five[0]).to.deep.include({ timestamp: timestamp(startMs + 300_000), interval_s: 300 });
      const hours = await read(1, 10_800, 3600);
      expect(hours.map(({ interval_s }) => interval_s)).to.deep.equal([3600, 3600, 1800]);
    });

    it('leaves gaps as gaps', async () => {
      await fill(1, 20);
      await fill(100, 120);
      const points = await read(1, 3600, 300);
      expect(points.map(({ interval_s }) => interval_s)).to.deep.equal([300, 15, 300]);
    });
  });
}
