import { expect } from 'chai';
import { createSeasonCalendar } from './season-calendar.ts';
import { offsetsMinutes, utcOffsetOf } from './wall-clock.ts';

const hourMs = 3_600_000;

describe('utcOffsetOf', () => {
  it('knows summer, winter, the southern half and half hours', () => {
    expect(utcOffsetOf('Europe/Berlin')(Date.UTC(2026, 0, 1))).to.equal(60);
    expect(utcOffsetOf('Europe/Berlin')(Date.UTC(2026, 6, 1))).to.equal(120);
    expect(utcOffsetOf('Australia/Melbourne')(Date.UTC(2026, 0, 1))).to.equal(660);
    expect(utcOffsetOf('Asia/Kolkata')(Date.UTC(2026, 0, 1))).to.equal(330);
    expect(utcOffsetOf('America/New_York')(Date.UTC(2026, 0, 1))).to.equal(-300);
  });

  it('refuses a zone that does not exist', () => {
    expect(() => utcOffsetOf('Moon/Base')).to.throw(RangeError);
  });
});

describe('offsetsMinutes', () => {
  it('agrees with asking every single hour of a year', () => {
    const offsetAt = utcOffsetOf('Europe/Berlin');
    const startMs = Date.UTC(2026, 0, 1);
    const offsets = offsetsMinutes(offsetAt, { startMs, intervalMs: hourMs, count: 365 * 24 });
    for (let i = 0; i < offsets.length; i += 1) {
      if (i % 24 === 1 || offsets[i] !== offsets[i - 1]) {
        expect(offsets[i], `hour ${i}`).to.equal(offsetAt(startMs + i * hourMs));
        if (i > 0) expect(offsets[i - 1]).to.equal(offsetAt(startMs + (i - 1) * hourMs));
      }
    }
  });
});

describe('createSeasonCalendar', () => {
  const berlin = { intervalSec: 3600, utcOffsetMinutesAt: utcOffsetOf('Europe/Berlin') };

  it('keeps nine o’clock at nine when the clocks change', () => {
    // Clocks went forward on Sunday 2026-03-29 at 01:00 UTC.
    const startMs = Date.UTC(2026, 2, 27);
    const calendar = createSeasonCalendar({ ...berlin, startMs, steps: 96 });
    const saturday = 24 + 8;
    const sunday = 48 + 7;
    expect(calendar.daySlots[saturday]).to.equal(9);
    expect(calendar.daySlots[sunday]).to.equal(9);
    expect(calendar.earlier(sunday, 1)).to.equal(saturday);
    expect(calendar.earlier(saturday, 1)).to.equal(saturday - 24);
  });

  it('counts weekdays from Sunday and lets a holiday resemble one', () => {
    const startMs = Date.UTC(2026, 0, 5);
    const plain = createSeasonCalendar({ startMs, intervalSec: 3600, steps: 48 });
    expect(plain.weekSlots[0]).to.equal(24);
    expect(plain.weekSlots[24]).to.equal(48);
    const holidays = [{ dayMs: startMs + 30 * hourMs }];
    const festive = createSeasonCalendar({ startMs, intervalSec: 3600, steps: 48, holidays });
    expect(festive.weekSlots[23]).to.equal(24 + 23);
    expect(festive.weekSlots[24]).to.equal(0);
    expect(festive.daySlots[25]).to.equal(1);
  });
});
