import { isCapacityError, jsonBytes, recordBytesMax, type Simulation } from '@capplan/contracts';
import { expect } from 'chai';
import { fitSimulation } from './fit-simulation.ts';

const columns = ['arrivals', 'waiting', 'response_sec_p95'];
const count = (intervals: number) => Array.from({ length: intervals }, (_, i) => i + 0.12345);
const run = (intervals: number, breaches = 0) => ({
  name: 'spike',
  jobs_simulated: 1_000,
  pools: [
    {
      name: 'mail',
      summary: { backlog_max: { mean: 3 } },
      timeline: {
        start_sec: Array.from({ length: intervals }, (_, i) => i * 60),
        ...Object.fromEntries(
          columns.map((name) => [name, { mean: count(intervals), low: count(intervals), high: [] }]),
        ),
      },
      breaches: Array.from({ length: breaches }, (_, i) => ({ from_sec: i, to_sec: i + 1 })),
    },
  ],
});
const simulation = (result: unknown, request: unknown = { horizon: '1h' }): Simulation => ({
  id: 'sim-1',
  status: 'done',
  created_at: '2026-01-05T12:00:00.000Z',
  request_hash: 'x',
  request,
  result,
});
interface Run {
  timeline_every: number;
  shortened: string;
  pools: { timeline: { start_sec: number[]; waiting: { mean: number[]; low: number[] } }; [name: string]: unknown }[];
}
const resultOf = (fitted: Simulation) => fitted.result as Run & { results: Run[] };

describe('fitSimulation', () => {
  it('leaves what fits as it is', () => {
    const small = simulation(run(100, 50));
    expect(fitSimulation(small)).to.equal(small);
  });

  it('thins the timelines of a result until it fits, as little as does, and says so', () => {
    for (const intervals of [20_000, 40_000, 300_000]) {
      const whole = simulation(run(intervals, 1_000));
      const fitted = fitSimulation(whole);
      expect(jsonBytes(fitted)).to.be.within(recordBytesMax / 4, recordBytesMax);
      const { timeline_every: every, shortened, pools } = resultOf(fitted);
      expect(shortened).to.contain(`as a whole this result has ${jsonBytes(whole.result)} bytes`);
      const { timeline, summary, breaches, breaches_left_out: leftOut } = pools[0] as Run['pools'][number];
      expect(timeline.start_sec.slice(0, 3)).to.deep.equal([0, 60 * every, 120 * every]);
      expect(timeline.start_sec).to.have.length(Math.ceil(intervals / every));
      expect(timeline.waiting.low).to.have.length(Math.ceil(intervals / every));
      expect(timeline.waiting.mean[1]).to.equal(every + 0.12345);
      expect(summary).to.deep.equal({ backlog_max: { mean: 3 } });
      expect(breaches).to.have.length(200);
      expect(leftOut).to.equal(800);
    }
  });

  it('thins every scenario of a comparison alike', () => {
    const compared = { results: [run(30_000), run(30_000)], pools: [{ pool: 'mail' }] };
    const fitted = fitSimulation(simulation(compared, [{ name: 'a' }, { name: 'b' }]));
    expect(jsonBytes(fitted)).to.be.at.most(recordBytesMax);
    const { results, pools } = resultOf(fitted);
    expect(results[0]?.timeline_every).to.equal(results[1]?.timeline_every);
    expect(pools).to.deep.equal([{ pool: 'mail' }]);
  });

  it('keeps no request that would leave no room for a result', () => {
    const fitted = fitSimulation(simulation(run(100), { counts: count(100_000) }));
    expect(fitted.request).to.equal(null);
    expect(fitted.result).to.deep.equal(run(100));
  });

  it('refuses what no thinning makes small enough, with what to do about it', () => {
    const many = { ...run(1), pools: Array.from({ length: 3_000 }, () => ({ summary: 'x'.repeat(500) })) };
    try {
      fitSimulation(simulation(many));
      expect.fail('was taken');
    } catch (error) {
      expect(isCapacityError(error, 'too_large')).to.equal(true);
      expect(String(error)).to.contain('fewer pools');
    }
  });
});
