import { readScenario, simulate } from '@capplan/simulation';
import { expect } from 'chai';
import { createPolicyControllers } from './policy-controllers.ts';

const scenarioWith = (p95_latency: string, extra = {}) => ({
  name: 'what if',
  seed: 5,
  horizon: '6h',
  interval: '1m',
  replications: { min: 2, max: 2 },
  traffic: { pattern: 'sinusoidal', mean: 8, amplitude: 5, period: '3h' },
  service: { distribution: 'exponential', mean: '2s' },
  startup: '60s',
  objective: { latency: p95_latency },
  capacity: {
    policy: {
      name: 'what if',
      mode: 'auto',
      slo: { p95_latency },
      scaling: { min_workers: 1, max_workers: 200 },
      ...extra,
    },
    initial_workers: 20,
    every: '1m',
  },
});

function meanWorkers(p95_latency: string): number {
  const read = readScenario(scenarioWith(p95_latency));
  if (!read.ok) throw new Error(JSON.stringify(read));
  const outcome = simulate(read.scenario, { controllerFor: createPolicyControllers() });
  if (!outcome.ok) throw new Error(outcome.detail);
  const [pool] = outcome.result.pools;
  return (pool as NonNullable<typeof pool>).summary.workerHours.mean / 6;
}

describe('createPolicyControllers', () => {
  it('answers what a stricter target would cost, with the real decisions', () => {
    const [strict, relaxed] = [meanWorkers('7s'), meanWorkers('60s')];
    expect(relaxed).to.be.within(16, 30);
    expect(strict).to.be.greaterThan(relaxed);
  });

  it('names the pool and the field of a policy that is none', () => {
    const read = readScenario(scenarioWith('7s', { colour: 'blue' }));
    if (!read.ok) throw new Error(JSON.stringify(read));
    expect(() => simulate(read.scenario, { controllerFor: createPolicyControllers() })).to.throw(/colour/);
  });
});
