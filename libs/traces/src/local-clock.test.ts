import { expect } from 'chai';
import { createLocalClock } from './local-clock.ts';
import { parseTime } from './parse-time.ts';

/** Berlin in 2026: summer time from 29 March to 25 October, 01:00 UTC. */
const berlin = createLocalClock((ms) => (ms >= Date.UTC(2026, 2, 29, 1) && ms < Date.UTC(2026, 9, 25, 1) ? 120 : 60));
const shown = (text: string): number => parseTime(text)?.ms ?? Number.NaN;
const moment = (text: string, after?: string): string => {
  const ms = berlin.momentOf(shown(text), after === undefined ? undefined : Date.parse(after));
  return ms === undefined ? 'none' : new Date(ms).toISOString().slice(0, 16);
};

describe('createLocalClock', () => {
  for (const [what, text, found] of [
    ['a time in winter', '2026-01-31T00:00', '2026-01-30T23:00'],
    ['a time in summer', '2026-07-01T00:00', '2026-06-30T22:00'],
    ['the last minute before summer time', '2026-03-29T01:59', '2026-03-29T00:59'],
    ['the first minute of it', '2026-03-29T03:00', '2026-03-29T01:00'],
    ['an hour that was left out', '2026-03-29T02:30', 'none'],
    ['the last minute before an hour comes twice', '2026-10-25T01:59', '2026-10-24T23:59'],
    ['an hour that comes twice', '2026-10-25T02:30', '2026-10-25T00:30'],
    ['the minute after it', '2026-10-25T03:00', '2026-10-25T02:00'],
  ] as const) {
    it(`reads ${what}`, () => {
      expect(moment(text)).to.equal(found);
    });
  }

  it('reads an hour that comes twice the second time where the first would go back', () => {
    expect(moment('2026-10-25T02:30', '2026-10-25T00:30Z')).to.equal('2026-10-25T01:30');
  });
});

describe('parseTime', () => {
  for (const [text, iso, offsetMinutes] of [
    ['2026-01-31', '2026-01-31T00:00:00.000Z', undefined],
    ['2026-01-31 13:45', '2026-01-31T13:45:00.000Z', undefined],
    ['2026-01-31T13:45:10.5Z', '2026-01-31T13:45:10.500Z', 0],
    ['2026-01-31T13:45:00+01:00', '2026-01-31T12:45:00.000Z', 60],
    ['2026-01-31T13:45-0930', '2026-01-31T23:15:00.000Z', -570],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z', 0],
  ] as const) {
    it(`reads ${text}`, () => {
      const written = parseTime(text);
      expect(written && new Date(written.ms).toISOString()).to.equal(iso);
      expect(written?.offsetMinutes).to.equal(offsetMinutes);
    });
  }

  for (const text of [
    '',
    '2026-02-30',
    '2026-02-29T00:00Z',
    '2026-13-01',
    '2026-01-00',
    '2026-01-01T24:00',
    '5 Jan 2026',
  ]) {
    it(`refuses '${text}'`, () => {
      expect(parseTime(text)).to.equal(undefined);
    });
  }
});
