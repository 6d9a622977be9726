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

  it('reports several problems together, but not without end', () => {
    const rows = Array.from({ length: 100 }, (_, i) => `2026-01-01T00:${String(i % 60).padStart(2, '0')}:00Z,x`);
    expect(problems(csv(...rows))).to.have.length(20);
  });

  it('reads back what formatTrace writes', () => {
    const { trace } = read(csv('2026-01-01T00:00:00Z,0.1', '2026-01-01T00:00:30Z,2e-7', '2026-01-01T00:01:30Z,3'));
    expect(read(formatTrace(trace)).trace).to.deep.equal(trace);
  });
});
