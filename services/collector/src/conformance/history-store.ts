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

/** Row `i` of an import that begins with the sample. */
function importedPoint(i: number, { everySec, rate }: { everySec: number; rate: number }): HistoryPoint {
  return {
    ...samplePoint(1),
    timestamp: timestamp(startMs + i * everySec * 1000),
    interval_s: everySec,
    arrival_rate: rate,
    completion_rate: 0,
    service_time_mean_s: 0,
    service_time_scv: 0,
    response_time_p95_s: null,
    current_workers: 0,
    busy_slots: 0,
    utilization: 0,
    backlog: 0,
    error_rate: 0,
    imported_share: 1,
    unknown: [
      'completion_rate',
      'service_time_mean_s',
      'service_time_scv',
      'current_workers',
      'busy_slots',
      'utilization',
      'backlog',
      'error_rate',
    ],
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
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

    const nowMs = startMs + 7 * 86_400_000;
    const put = (points: HistoryPoint[], options: { importId?: string; untilMs?: number } = {}) =>
      store.import(POOL, points, { nowMs, ...options });

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

    it('gives piece by piece what it gives at once, sealed or not, measured or imported', async () => {
      await fill(1, 500);
      await put([importedPoint(2, { everySec: 3600, rate: 4 }), importedPoint(3, { everySec: 3600, rate: 4 })]);
      await fill(700, 800);
      for (const everySec of [15, 300, 3600]) {
        const pieceSec = Math.max(600, everySec);
        const pieces: HistoryPoint[] = [];
        for (let at = 0; at < 14_400; at += pieceSec) pieces.push(...(await read(at + 1, at + pieceSec, everySec)));
        const whole = await read(1, 14_400, everySec);
        expect(whole.length).to.be.greaterThan(3);
        expect(pieces, String(everySec)).to.deep.equal(whole);
      }
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

    it('takes in what was measured elsewhere, at every resolution, and the same again changes nothing', async () => {
      const points = Array.from({ length: 300 }, (_, i) => importedPoint(i + 1, { everySec: 60, rate: 5 + (i % 7) }));
      expect(await put(points)).to.deep.equal({ stored: 300, unchanged: 0, measured: 0 });
      const raw = await read(0, 18_000, 60);
      expect(raw.map(({ timestamp: at }) => at)).to.deep.equal(points.map(({ timestamp: at }) => at));
      for (const [i, point] of raw.entries()) {
        expect(check(HistoryPoint, point)).to.deep.include({ ok: true });
        expect(point.arrival_rate).to.be.closeTo((points[i] as HistoryPoint).arrival_rate, 0.03);
        expect(point.unknown).to.include.members(['service_time_mean_s', 'current_workers', 'completion_rate']);
        expect(point.imported_share).to.equal(1);
      }
      const hours = await read(1, 18_000, 3600);
      expect(hours.map(({ interval_s }) => interval_s)).to.deep.equal([3600, 3600, 3600, 3600, 3600]);
      expect(hours[0]?.arrival_rate).to.be.closeTo(8, 0.1);
      expect(hours[0]?.unknown).to.include('backlog');
      expect(await put(points)).to.deep.equal({ stored: 0, unchanged: 300, measured: 0 });
      expect(await read(0, 18_000, 60)).to.deep.equal(raw);
      expect(await read(1, 18_000, 3600)).to.deep.equal(hours);
    });

    it('keeps what was measured live, before an import and after it', async () => {
      await fill(1, 300);
      const points = Array.from({ length: 120 }, (_, i) => importedPoint(i + 1, { everySec: 60, rate: 9 }));
      expect(await put(points)).to.deep.equal({ stored: 45, unchanged: 0, measured: 75 });
      // Live again, where rows stand that were put in meanwhile.
      await fill(400, 410);
      const found = await read(0, 7200, 15);
      const live = found.filter((point) => point.imported_share === undefined);
      expect(live.map(({ timestamp: at }) => at)).to.deep.equal(
        [...range(1, 300), ...range(400, 410)].map((i) => samplePoint(i).timestamp),
      );
      for (const point of live) expectNear(point, samplePoint((Date.parse(point.timestamp) - startMs) / 15_000));
      for (const [i, point] of found.entries()) {
        const before = found[i - 1];
        if (before === undefined) continue;
        expect(Date.parse(point.timestamp) - point.interval_s * 1000).to.be.at.least(Date.parse(before.timestamp));
      }
      await fill(500, 800);
      expect((await read(0, 7200, 15)).filter((point) => point.imported_share === undefined)).to.have.length(311);
    });

    it('lets a later import take the place of an earlier one, in the roll-ups too', async () => {
      await put([importedPoint(1, { everySec: 3600, rate: 4 }), importedPoint(2, { everySec: 3600, rate: 4 })]);
      const finer = Array.from({ length: 20 }, (_, i) => importedPoint(i + 3, { everySec: 300, rate: 7 }));
      expect(await put(finer)).to.deep.equal({ stored: 20, unchanged: 0, measured: 0 });
      expect(await read(0, 7200, 15)).to.have.length(20);
      const hours = await read(0, 7200, 3600);
      expect(hours.map(({ interval_s, arrival_rate }) => [interval_s, Math.round(arrival_rate)])).to.deep.equal([
        [3000, 7],
        [3000, 7],
      ]);
    });

    it('keeps in mind how far an import has come', async () => {
      expect(await store.importedUntilMs(POOL, 'a')).to.equal(undefined);
      await put([importedPoint(1, { everySec: 60, rate: 1 })], { importId: 'a', untilMs: startMs + 60_000 });
      expect(await store.importedUntilMs(POOL, 'a')).to.equal(startMs + 60_000);
      expect(await store.importedUntilMs('shop/other', 'a')).to.equal(undefined);
      expect(await store.importedUntilMs(POOL, 'b')).to.equal(undefined);
    });

    it('leaves gaps as gaps', async () => {
      await fill(1, 20);
      await fill(100, 120);
      const points = await read(1, 3600, 300);
      expect(points.map(({ interval_s }) => interval_s)).to.deep.equal([300, 15, 300]);
    });
  });
}
