import { expect } from 'chai';
import { demoPool } from './demo-pool.ts';
import { createReactiveRule } from './reactive-rule.ts';

const startedMs = Date.UTC(2026, 0, 5, 6);
const demo = demoPool({ speed: 144, loadWorkers: 8, nowMs: startedMs });

describe('createReactiveRule', () => {
  it('has nothing to say before it has seen half an hour', () => {
    expect(createReactiveRule(demo, startedMs).outcome(startedMs + 60_000)).to.equal(null);
  });

  it('pays for idle slots: more than the offered load, less than the most workers it may have', () => {
    const rule = createReactiveRule(demo, startedMs);
    const hours = 6;
    const everyMs = 2500; // 0.4 jobs/s × 40 s = 16 erlangs = 8 workers of two slots
    for (let atMs = startedMs; atMs < startedMs + hours * 3_600_000; atMs += everyMs) rule.arrived(atMs);
    const outcome = rule.outcome(startedMs + hours * 3_600_000);
    const hourly = demo.pool.worker_cost_per_hour;
    expect(outcome?.cost).to.be.within(8 * hours * hourly, demo.policy.scaling.max_workers * hours * hourly);
    expect(outcome?.attainment).to.be.within(0.8, 1);
  });
});
