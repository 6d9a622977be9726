import { expect } from 'chai';
import fc from 'fast-check';
import { samplePoint } from '../conformance/history-store.ts';
import { averagePoints } from './average.ts';
import { createVarintReader, readColumn, writeColumn, writeVarint } from './columns.ts';
import { packPoints, unpackPoints } from './packed-points.ts';

describe('writeVarint', () => {
  it('keeps every whole number that a double holds exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger()), (values) => {
        const bytes: number[] = [];
        const halves = values.map((value) => Math.trunc(value / 2));
        for (const value of halves) writeVarint(bytes, value);
        const reader = createVarintReader(Uint8Array.from(bytes));
        expect(halves.map(() => reader.next() + 0)).to.deep.equal(halves.map((value) => value + 0));
        expect(reader.done).to.equal(true);
      }),
    );
  });

  it('says when the bytes end too early', () => {
    expect(() => createVarintReader(Uint8Array.of(200)).next()).to.throw(RangeError);
  });
});

describe('writeColumn', () => {
  it('keeps values within a five-hundredth of the greatest, and what is missing missing', () => {
    const value = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), (values) => {
        const bytes: number[] = [];
        writeColumn(bytes, values);
        const read = readColumn(createVarintReader(Uint8Array.from(bytes)), values.length);
        const greatest = Math.max(0, ...values.filter((v) => !Number.isNaN(v)));
        for (const [i, wanted] of values.entries()) {
          if (Number.isNaN(wanted)) expect(Number.isNaN(read[i])).to.equal(true);
          else expect(Math.abs((read[i] as number) - wanted)).to.be.at.most(greatest / 512 + 1e-15);
        }
      }),
    );
  });

  it('keeps whole numbers up to 512 exactly', () => {
    const values = [0, 1, 511, 512, 24, 0];
    const bytes: number[] = [];
    writeColumn(bytes, values);
    expect(readColumn(createVarintReader(Uint8Array.from(bytes)), values.length)).to.deep.equal(values);
  });
});

describe('packPoints', () => {
  it('takes few bytes for an hour', () => {
    const hour = Array.from({ length: 240 }, (_, i) => samplePoint(i + 1));
    const bytes = packPoints(hour);
    expect(unpackPoints(bytes)).to.have.length(240);
    expect(bytes.length).to.be.lessThan(240 * 16);
  });

  it('refuses bytes of another version', () => {
    expect(() => unpackPoints(Uint8Array.of(8, 0))).to.throw(RangeError, /version/);
  });
});

describe('averagePoints', () => {
  it('keeps the jobs: rate times time is the same before and after', () => {
    const points = Array.from({ length: 777 }, (_, i) => samplePoint(i + 1));
    const jobs = (list: typeof points) => list.reduce((sum, point) => sum + point.arrival_rate * point.interval_s, 0);
    for (const everySec of [15, 60, 300, 3600]) {
      expect(jobs(averagePoints(points, everySec))).to.be.closeTo(jobs(points), 1e-6 * jobs(points));
    }
  });

  it('takes the greatest p95, and none where there is none', () => {
    const [a, b] = [samplePoint(1), samplePoint(2)];
    expect(averagePoints([a, b], 300)[0]?.response_time_p95_s).to.equal(
      Math.max(a.response_time_p95_s ?? 0, b.response_time_p95_s ?? 0),
    );
    expect(averagePoints([samplePoint(7)], 300)[0]?.response_time_p95_s).to.equal(null);
  });
});
