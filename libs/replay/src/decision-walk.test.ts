import { timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { createDecisionLoop } from './decision-loop.ts';
import { policyFor } from './policy-for-tests.ts';

const startMs = Date.UTC(2026, 2, 2);
const dayMs = 86_400_000;
const rateAt = (ms: number): number => Number((10 - 6 * Math.cos((2 * Math.PI * ms) / dayMs)).toFixed(3));

/** The decision that docs/decisions.md walks through: change them together. */
describe('the decision that the documentation walks through', () => {
  const pool = { id: 'default/pool', concurrency: 1, startupDelaySec: 120, workerCostPerHour: 1, tags: [] };
  const policy = policyFor('20s', { scaling: { max_workers: 200 }, cost: { violation_cost_per_minute: 5 } });
  const loop = createDecisionLoop({ pool, policy });
  loop.learnTrace({
    name: 'walk',
    startMs,
    intervalSec: 300,
    ratesPerSec: Float64Array.from({ length: 21 * 288 }, (_, i) => rateAt(startMs + (i + 0.5) * 300_000)),
  });
  const snapshotAt = (minute: number, change = {}) => {
    const endMs = startMs + 21 * dayMs + minute * 60_000;
    const rate = rateAt(endMs - 30_000);
    const workers = Math.ceil(4.48 * rate);
    return {
      pool: pool.id,
      timestamp: timestamp(endMs),
      interval_s: 60,
      arrival_rate: rate,
      completion_rate: rate,
      service_rate: 0.25,
      service_time_mean_s: 4,
      service_time_scv: 1,
      service_time_p50: '2.8s',
      service_time_p95: '12s',
      current_workers: workers,
      starting_workers: 0,
      busy_slots: Math.round(4 * rate),
      slots: workers,
      utilization: (4 * rate) / workers,
      backlog: 0,
      error_rate: 0,
      quality: { trusted: true, suspects: [] },
      ...change,
    };
  };
  for (let minute = 1; minute <= 400; minute++) loop.decide(snapshotAt(minute));
  const decision = loop.decide(snapshotAt(401, { current_workers: 45, backlog: 6 }));

  it('has the figures that stand there', () => {
    expect(
      decision.explanation.map(({ rule, before, after, detail }) => `${rule} ${before} → ${after}: ${detail}`),
    ).to.deep.equal([
      'expected_load 45 → 45: 44.5 erlangs expected when a worker ordered now is there',
      'uncertainty 45 → 50: cheapest of 15 counts over 64 sampled futures',
    ]);
    expect(decision.rationale).to.equal(
      'Scale up from 45 to 50 workers. 11.12 jobs/s are expected in 120 s, 6 jobs wait now. A minute then misses its target with probability 0.08 %; without the change 12.26 %.',
    );
    expect(decision.alternatives.map(({ workers }) => workers)).to.have.members([48, 49, 51, 52]);
    expect(decision.steps.map(({ timestamp: at, to_workers }) => `${at.slice(11, 16)} ${to_workers}`)).to.deep.equal([
      '06:41 50',
      '07:26 56',
      '08:26 62',
    ]);
  });
});
