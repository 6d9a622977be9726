import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { arrivalsOf, bundledTrace, scaleToPool } from './arrivals.ts';
import { demoPool } from './demo-pool.ts';

const demo = demoPool({ speed: 144, loadWorkers: 8, nowMs: 0 });

function take(count: number, seed = 1) {
  const scaled = scaleToPool(bundledTrace(1), { demo, loadWorkers: 8 });
  if (!scaled.ok) throw new Error(scaled.detail);
  const arrivals = [];
  for (const arrival of arrivalsOf(scaled.trace, { demo, random: createRandomStream(seed) })) {
    arrivals.push(arrival);
    if (arrivals.length === count) break;
  }
  return { arrivals, trace: scaled.trace };
}

describe('arrivalsOf', () => {
  it('puts jobs in order, one number each', () => {
    const { arrivals } = take(2000);
    for (let i = 1; i < arrivals.length; i++) expect(arrivals[i]!.atMs).to.be.at.least(arrivals[i - 1]!.atMs);
    expect(arrivals.map(({ number }) => number)).to.deep.equal(arrivals.map((_, i) => i));
  });

  it('makes the same jobs from the same seed', () => {
    expect(take(500).arrivals).to.deep.equal(take(500).arrivals);
    expect(take(500).arrivals).to.not.deep.equal(take(500, 2).arrivals);
  });

  it('offers the load that was asked for', () => {
    const { arrivals, trace } = take(300_000);
    const seconds = (arrivals.at(-1)!.atMs - trace.startMs) / 1000;
    const erlangs = arrivals.reduce((sum, { serviceSec }) => sum + serviceSec, 0) / seconds;
    expect(erlangs / demo.pool.concurrency).to.be.within(6.5, 9.5);
  });
});
