import type { HistoryRow } from '@capplan/contracts';
import { expect } from 'chai';
import { importedPoints } from './imported-points.ts';

const nowMs = Date.parse('2026-03-02T12:00:00Z');
const keptFromMs = nowMs - 90 * 86_400_000;
const at = (minute: number): string => new Date(nowMs - (1440 - minute) * 60_000).toISOString();
const row = (minute: number, more: Partial<HistoryRow> = {}): HistoryRow => ({
  timestamp: at(minute),
  interval_s: 60,
  ...(more.arrived === undefined && { arrival_rate: 2 }),
  ...more,
});
const take = (rows: HistoryRow[]) => importedPoints(rows, { nowMs, keptFromMs });
const problems = (rows: HistoryRow[]): string[] => {
  const taken = take(rows);
  return taken.ok ? [] : taken.problems;
};

describe('importedPoints', () => {
  it('reads rates and counts, and leaves open what a row does not say', () => {
    const taken = take([row(1), row(2, { arrived: 90, service_time_mean_s: 3, service_time_scv: 0, backlog: 4 })]);
    if (!taken.ok) throw new Error(taken.problems.join());
    const [first, second] = taken.points;
    expect(first).to.include({
      timestamp: at(1),
      interval_s: 60,
      arrival_rate: 2,
      imported_share: 1,
      trusted_share: 1,
    });
    expect(first?.unknown).to.have.length(8);
    expect(second).to.include({ arrival_rate: 1.5, service_time_mean_s: 3, service_time_scv: 0, backlog: 4 });
    expect(second?.unknown).to.have.members([
      'completion_rate',
      'busy_slots',
      'utilization',
      'error_rate',
      'current_workers',
    ]);
  });

  const refused: [string, HistoryRow[], number, RegExp][] = [
    ['an interval that is still to come', [row(1), row(1441)], 1, /still to come/],
    ['rows out of order', [row(5), row(4)], 1, /earlier than the row before; sort/],
    ['a repeated row', [row(5), row(5)], 1, /twice/],
    ['rows that overlap', [row(5), row(8, { interval_s: 300 })], 1, /overlaps the row before/],
    ['a row without arrivals', [{ timestamp: at(1), interval_s: 60 }], 0, /just one of arrival_rate/],
    ['a row with a rate and a count', [{ ...row(1), arrived: 3 }], 0, /just one of arrival_rate/],
    ['a spread without a mean', [row(1, { service_time_scv: 1 })], 0, /without service_time_mean_s/],
  ];
  for (const [what, rows, index, reason] of refused) {
    it(`refuses ${what} with its row`, () => {
      const [first, ...more] = problems(rows);
      expect(first).to.match(reason);
      expect(first?.startsWith(`rows/${index}: `)).to.equal(true);
      expect(more).to.deep.equal([]);
    });
  }

  it('names many problems together, but not without end', () => {
    expect(problems(Array.from({ length: 99 }, () => row(1441)))).to.have.length(20);
  });

  it('counts gaps, takes intervals of different lengths, and leaves out what is older than history is kept', () => {
    const old = row(0, { timestamp: new Date(keptFromMs - 60_000).toISOString() });
    const taken = take([old, row(1), row(2), row(10), row(15, { interval_s: 300 })]);
    expect(taken).to.include({ ok: true, tooOld: 1, gaps: 2, distrusted: 0 });
    if (taken.ok) expect(taken.points.map(({ interval_s }) => interval_s)).to.deep.equal([60, 60, 60, 300]);
  });

  it('does not trust a rate far above all others, and leaves a real peak alone', () => {
    const usual = Array.from({ length: 300 }, (_, i) => row(i + 1, { arrival_rate: 2 + (i % 5) }));
    const absurd = usual.map((each, i) => (i === 200 ? { ...each, arrival_rate: 1e6 } : each));
    const taken = take(absurd);
    expect(taken).to.include({ ok: true, distrusted: 1 });
    if (taken.ok) expect(taken.points.map((point) => point.trusted_share).indexOf(0)).to.equal(200);
    const peak = usual.map((each, i) => (i === 200 ? { ...each, arrival_rate: 200 } : each));
    expect(take(peak)).to.include({ ok: true, distrusted: 0 });
  });
});
