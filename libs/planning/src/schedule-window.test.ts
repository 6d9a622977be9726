import { expect } from 'chai';
import { limitsAt } from './schedule-window.ts';

const base = { minWorkers: 2, maxWorkers: 100 };
const at = (text: string): number => Date.parse(text);

describe('limitsAt', () => {
  const office = { name: 'office', cron: '0 8 * * 1-5', duration: '10h', time_zone: 'Europe/Berlin', min_workers: 20 };

  it('opens with the cron expression in its time zone and closes after the duration', () => {
    // A Wednesday in winter: Berlin is an hour ahead of UTC.
    expect(limitsAt([office], base, at('2026-01-14T06:59:59Z')).minWorkers).to.equal(2);
    expect(limitsAt([office], base, at('2026-01-14T07:00:00Z'))).to.deep.include({ minWorkers: 20, names: ['office'] });
    expect(limitsAt([office], base, at('2026-01-14T16:59:59Z')).minWorkers).to.equal(20);
    expect(limitsAt([office], base, at('2026-01-14T17:00:00Z')).minWorkers).to.equal(2);
  });

  it('follows daylight saving', () => {
    expect(limitsAt([office], base, at('2026-07-15T06:00:00Z')).minWorkers).to.equal(20);
  });

  it('stays shut on days the expression leaves out', () => {
    expect(limitsAt([office], base, at('2026-01-17T10:00:00Z')).minWorkers).to.equal(2);
  });

  it('takes the highest minimum and lowest maximum of open windows, and lets the maximum win', () => {
    const all = { cron: '0 0 * * *', duration: '1d' };
    const windows = [
      { ...all, min_workers: 30 },
      { ...all, min_workers: 50, max_workers: 80 },
      { ...all, max_workers: 40 },
    ];
    expect(limitsAt(windows, base, at('2026-01-14T12:00:00Z'))).to.include({ minWorkers: 40, maxWorkers: 40 });
  });

  it('reports a freeze', () => {
    const freeze = { cron: '30 12 * * *', duration: '15m', freeze: true };
    expect(limitsAt([freeze], base, at('2026-01-14T12:44:00Z')).frozen).to.equal(true);
    expect(limitsAt([freeze], base, at('2026-01-14T12:45:00Z')).frozen).to.equal(false);
  });
});
