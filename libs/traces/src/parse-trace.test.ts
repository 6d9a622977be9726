import { expect } from 'chai';
import { formatTrace } from './format-trace.ts';
import { parseTrace, type TraceProblem } from './parse-trace.ts';

const csv = (...rows: string[]): string => ['timestamp,arrival_rate', ...rows].join('\n');
const read = (text: string) => {
  const parsed = parseTrace(text, { name: 'demo' });
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.reason).join('; '));
  return parsed;
};
const problems = (text: string): TraceProblem[] => {
  const parsed = parseTrace(text, { name: 'demo' });
  return parsed.ok ? [] : parsed.problems;
};

describe('parseTrace', () => {
  it('reads rows, keeps gaps as NaN and says so', () => {
    const { trace, notices } = read(
      csv('2026-01-01T00:00:00Z,1.5', '2026-01-01T00:01:00Z,2', '2026-01-01T00:03:00Z,0', '2026-01-01T00:04:00Z,4'),
    );
    expect(trace.startMs).to.equal(Date.UTC(2026, 0, 1));
    expect(trace.intervalSec).to.equal(60);
    expect([...trace.ratesPerSec]).to.deep.equal([1.5, 2, Number.NaN, 0, 4]);
    expect(notices).to.deep.equal(['1 of 5 intervals are missing and count as unknown']);
  });

  it('takes the interval from the comment when there is one, also for a single row', () => {
    expect(read(`# interval_s: 300\n${csv('2026-01-01T00:00:00Z,1')}`).trace.intervalSec).to.equal(300);
  });

  it('reads carriage returns, a byte order mark, offsets, zoneless times and empty rates', () => {
    const { trace, notices } = read(
      `\ufeff${csv('2026-01-01T01:00:00+01:00,1', '2026-01-01 00:01:00,', '2026-01-01T00:02:00.000Z,3').replaceAll('\n', '\r\n')}\r\n`,
    );
    expect([...trace.ratesPerSec]).to.deep.equal([1, Number.NaN, 3]);
    expect(notices.join()).to.contain('1 of 3 timestamps name no time zone');
  });

  const bad: [string, string, number, string][] = [
    ['an empty file', '', 0, 'no rows'],
    ['a header alone', csv(), 0, 'no rows'],
    ['a wrong header', 'time,rate\n2026-01-01T00:00:00Z,1', 1, 'expected timestamp,arrival_rate'],
    ['unsorted rows', csv('2026-01-01T00:01:00Z,1', '2026-01-01T00:00:00Z,1'), 3, 'earlier than the time on line 2'],
    ['a repeated time', csv('2026-01-01T00:00:00Z,1', '2026-01-01T00:00:00Z,1'), 3, 'repeats'],
    ['a negative rate', csv('2026-01-01T00:00:00Z,-1', '2026-01-01T00:01:00Z,1'), 2, 'negative'],
    ['a rate that is no number', csv('2026-01-01T00:00:00Z,1', '2026-01-01T00:01:00Z,many'), 3, "'many'"],
    ['an endless rate', csv('2026-01-01T00:00:00Z,Infinity', '2026-01-01T00:01:00Z,1'), 2, 'not a number'],
    ['a time that is none', csv('yesterday,1', '2026-01-01T00:01:00Z,1'), 2, 'ISO 8601'],
    ['a third column', csv('2026-01-01T00:00:00Z,1,2'), 2, '3 fields'],
    [
      'a time off the grid',
      csv('2026-01-01T00:00:00Z,1', '2026-01-01T00:01:00Z,1', '2026-01-01T00:02:00Z,1', '2026-01-01T00:02:30Z,1'),
      5,
      'not a whole number of 60 s intervals',
    ],
    ['one row without an interval', csv('2026-01-01T00:00:00Z,1'), 2, 'no interval'],
    ['a bad interval comment', `# interval_s: soon\n${csv('2026-01-01T00:00:00Z,1')}`, 1, "'soon'"],
    [
      'a span of centuries',
      csv('1970-01-01T00:00:00Z,1', '1970-01-01T00:00:01Z,1', '2026-01-01T00:00:00Z,1'),
      4,
      'more than',
    ],
    ['nothing but gaps', csv('2026-01-01T00:00:00Z,', '2026-01-01T00:01:00Z,'), 0, 'every arrival_rate is empty'],
  ];
  for (const [what, text, line, reason] of bad) {
    it(`refuses ${what} with its line`, () => {
      expect(problems(text)[0]?.line).to.equal(line);
      expect(problems(text)[0]?.reason).to.contain(reason);
    });
  }

  describe('with the clock of a zone', () => {
    const zone = {
      name: 'Europe/Berlin',
      utcOffsetMinutesAt: (ms: number) => (ms >= Date.UTC(2026, 2, 29, 1) && ms < Date.UTC(2026, 9, 25, 1) ? 120 : 60),
    };
    const inZone = (text: string) => parseTrace(text, { name: 'demo', zone });
    const ofZone = (text: string) => {
      const parsed = inZone(text);
      if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.reason).join('; '));
      return parsed;
    };
    /** Rows at local times, one an hour over a change, as whoever lives there writes them. */
    const hours = (...shown: string[]): string => csv(...shown.map((hour, i) => `${hour},${i + 1}`));

    it('reads times without a zone as times of it, and leaves those that name one alone', () => {
      const naive = ofZone(csv('2026-01-10 00:00,1', '2026-01-10 01:00,2'));
      const named = ofZone(csv('2026-01-10T00:00:00+01:00,1', '2026-01-10T01:00:00+01:00,2'));
      const utc = ofZone(csv('2026-01-09T23:00:00Z,1', '2026-01-10T00:00:00Z,2'));
      expect(naive.trace).to.deep.equal(utc.trace);
      expect(named.trace).to.deep.equal(utc.trace);
      expect(naive.notices).to.deep.equal(['2 of 2 timestamps name no time zone and are times of Europe/Berlin']);
      for (const { utcOffsetMinutesAt } of [naive, named, utc])
        expect(utcOffsetMinutesAt?.(Date.UTC(2026, 6, 1))).to.equal(120);
    });

    it('reads hours over both changes of the clock without a gap', () => {
      const spring = ofZone(hours('2026-03-29T00:00', '2026-03-29T01:00', '2026-03-29T03:00', '2026-03-29T04:00'));
      expect([...spring.trace.ratesPerSec]).to.deep.equal([1, 2, 3, 4]);
      const autumn = ofZone(hours('2026-10-25T01:00', '2026-10-25T02:00', '2026-10-25T02:00', '2026-10-25T03:00'));
      expect([...autumn.trace.ratesPerSec]).to.deep.equal([1, 2, 3, 4]);
      const leftOut = inZone(hours('2026-03-29T01:00', '2026-03-29T02:00', '2026-03-29T03:00'));
      expect(leftOut.ok ? '' : leftOut.problems[0]).to.deep.include({ line: 3 });
    });

    it('accepts days at local midnight over a change, however they are written, and says so', () => {
      const days = Array.from({ length: 10 }, (_, i) => 25 + i).map((day) =>
        new Date(Date.UTC(2026, 2, day)).toISOString().slice(0, 10),
      );
      const summer = (day: string) => day > '2026-03-29';
      const writings = [
        days,
        days.map((day) => `${day}T00:00:00${summer(day) ? '+02:00' : '+01:00'}`),
        days.map((day) => new Date(Date.parse(`${day}T00:00:00Z`) - (summer(day) ? 2 : 1) * 3_600_000).toISOString()),
      ];
      for (const writing of writings) {
        const { trace, notices } = ofZone(csv(...writing.map((day, i) => `${day},${i}`)));
        expect(trace).to.deep.include({ startMs: Date.UTC(2026, 2, 24, 23), intervalSec: 86_400 });
        expect([...trace.ratesPerSec]).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(notices.join()).to.contain('23 or 25 hours counts as 24');
      }
      const own = read(csv(...(writings[1] as string[]).map((day, i) => `${day},${i}`)));
      expect(own.trace.ratesPerSec).to.have.length(10);
      expect(own.utcOffsetMinutesAt?.(Date.UTC(2026, 2, 28))).to.equal(60);
      expect(own.utcOffsetMinutesAt?.(Date.UTC(2026, 3, 2))).to.equal(120);
      expect(own.notices.join()).to.contain('the clock of the file: UTC+01:00, UTC+02:00');
      expect(problems(csv(...(writings[2] as string[]).map((day, i) => `${day},${i}`)))[0]?.reason).to.contain(
        'need its time zone',
      );
    });

    it('takes no notice of the zone of the machine', () => {
      const text = csv('2026-03-29 00:00,1', '2026-03-29 01:00,2', '2026-03-29 03:00,3');
      const before = process.env.TZ;
      try {
        const found = ['UTC', 'America/New_York', 'Asia/Kolkata'].map((machine) => {
          process.env.TZ = machine;
          return [ofZone(text).trace, read(text).trace, read(csv('2026-03-29,1', '2026-03-30,2')).trace.startMs];
        });
        for (const each of found) expect(each).to.deep.equal(found[0]);
      } finally {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      }
    });
  });

  it('reports several problems together, but not without end', () => {
    const rows = Array.from({ length: 100 }, (_, i) => `2026-01-01T00:${String(i % 60).padStart(2, '0')}:00Z,x`);
    expect(problems(csv(...rows))).to.have.length(20);
  });

  it('reads back what formatTrace writes', () => {
    const { trace } = read(csv('2026-01-01T00:00:00Z,0.1', '2026-01-01T00:00:30Z,2e-7', '2026-01-01T00:01:30Z,3'));
    expect(read(formatTrace(trace)).trace).to.deep.equal(trace);
  });
});
