import { expect } from 'chai';
import { RequestCounts } from './request-counts.ts';

describe('RequestCounts', () => {
  let nowMs: number;
  const count = (counts: RequestCounts, caller: string) =>
    new Promise<{ current: number; ttl: number } | undefined>((resolve) => {
      counts.incr(caller, (_error, counted) => resolve(counted), 60_000);
    });
  beforeEach(() => {
    nowMs = 1_000;
  });

  it('counts by caller, and anew when the window is over', async () => {
    const counts = new RequestCounts(undefined, () => nowMs);
    expect(await count(counts, 'ada')).to.deep.equal({ current: 1, ttl: 60_000 });
    nowMs += 10_000;
    expect(await count(counts, 'ada')).to.deep.equal({ current: 2, ttl: 50_000 });
    expect(await count(counts, 'grace')).to.deep.equal({ current: 1, ttl: 60_000 });
    nowMs += 50_000;
    expect(await count(counts, 'ada')).to.deep.equal({ current: 1, ttl: 60_000 });
  });

  it('goes on with its own count when Redis goes away in the middle of a window', async () => {
    let isAway = false;
    const redis = {
      eval: async () => {
        if (isAway) throw new Error('away');
        return [70, 12_000];
      },
    };
    const counts = new RequestCounts(redis, () => nowMs);
    for (let i = 0; i < 5; i++) expect(await count(counts, 'ada')).to.deep.equal({ current: 70, ttl: 12_000 });
    isAway = true;
    expect(await count(counts, 'ada')).to.deep.equal({ current: 6, ttl: 60_000 });
  });

  it('remembers no more callers than it has room for', async () => {
    const counts = new RequestCounts(undefined, () => nowMs);
    await count(counts, 'first');
    for (let i = 0; i < 10_000; i++) await count(counts, `caller-${i}`);
    expect(await count(counts, 'first')).to.include({ current: 1 });
    expect(await count(counts, 'caller-9999')).to.include({ current: 2 });
  });
});
