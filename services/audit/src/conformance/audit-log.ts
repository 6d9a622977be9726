import { expect } from 'chai';
import { type AuditLine, type AuditLog, type PlacedLine, readBytesMax } from '../ports.ts';

const line = (sequence: number): AuditLine => ({
  kind: 'checkpoint',
  sequence,
  hash: sequence.toString(16).padStart(64, '0'),
  made_at: '2026-03-01T12:00:00.000Z',
  key_id: 'test',
  signature: 'c2ln',
});

/** What every audit log does. `open` gives a log with nothing in it, and a second handle on the same log. */
export function describeAuditLogConformance(
  name: string,
  open: () => Promise<{ log: AuditLog; other: AuditLog; close: () => Promise<void> }>,
): void {
  describe(`${name} as an audit log`, () => {
    let log: AuditLog;
    let other: AuditLog;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ log, other, close } = await open());
    });
    afterEach(() => close());

    it('is empty at first', async () => {
      expect((await log.bounds()).last).to.equal(0);
      expect(await log.read(1, 10)).to.deep.equal([]);
    });

    it('gives lines back in order, in both handles', async () => {
      for (let i = 1; i <= 40; i++) {
        expect(await log.append(line(i), i - 1)).to.deep.equal({ ok: true, position: i });
      }
      expect(await other.bounds()).to.deep.equal({ first: 1, last: 40 });
      expect((await other.read(1, 100)).map(({ position }) => position)).to.deep.equal(
        Array.from({ length: 40 }, (_, i) => i + 1),
      );
      expect(await other.read(39, 100)).to.deep.equal([
        { position: 39, line: line(39) },
        { position: 40, line: line(40) },
      ]);
      expect((await other.read(3, 2)).map(({ position }) => position)).to.deep.equal([3, 4]);
      expect(await other.read(41, 5)).to.deep.equal([]);
    });

    it('reads large lines a few at a time, each of them once, and one that is larger than all of that', async () => {
      const sizes = [
        ...Array.from({ length: 30 }, () => 10),
        ...Array.from({ length: 90 }, () => 300_000),
        900_000,
        10,
      ];
      for (const [i, size] of sizes.entries()) {
        await log.append({ ...line(i + 1), signature: 'c2ln'.repeat(Math.ceil(size / 4)) } as AuditLine, i);
      }
      const found: PlacedLine[] = [];
      for (let from = 1; from <= sizes.length; from = (found.at(-1)?.position ?? 0) + 1) {
        const page = await log.read(from, 500);
        const bytes = page.reduce((sum, placed) => sum + Buffer.byteLength(JSON.stringify(placed.line)), 0);
        expect(page.length).to.be.at.least(1);
        // A reader of many learns how large lines are from those that it has.
        expect(bytes).to.be.lessThan(readBytesMax + 64 * 310_000);
        expect(page.length).to.be.lessThan(sizes.length);
        found.push(...page);
      }
      expect(found.map(({ position }) => position)).to.deep.equal(sizes.map((_, i) => i + 1));
      expect((await log.read(121, 1)).map(({ position }) => position)).to.deep.equal([121]);
    });

    it('refuses a line whose writer has not seen the newest one', async () => {
      await log.append(line(1), 0);
      expect(await other.append(line(2), 0)).to.deep.equal({ ok: false, reason: 'conflict' });
      expect(await other.append(line(2), 1)).to.deep.equal({ ok: true, position: 2 });
      expect(await log.append(line(3), 5)).to.deep.equal({ ok: false, reason: 'conflict' });
      expect((await log.bounds()).last).to.equal(2);
    });

    it('lets exactly one of many racing writers through', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? log : other).append(line(i + 1), 0)),
      );
      expect(outcomes.filter(({ ok }) => ok)).to.have.length(1);
    });
  });
}
