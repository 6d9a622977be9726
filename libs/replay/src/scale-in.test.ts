import { expect } from 'chai';
import { createDecisionLoop } from './decision-loop.ts';
import { policyOfDraft } from './policy-of-draft.ts';

/** Where a pool of 13 workers of two slots ends up after an hour at four erlangs. */
function workersAfterAnHour(startupDelaySec: number): number {
  const read = policyOfDraft({
    name: 'quiet',
    mode: 'auto',
    slo: { p95_latency: '5s' },
    scaling: { min_workers: 1, max_workers: 50 },
  });
  if (!read.ok) throw new Error(read.problems.join());
  const pool = { id: 'a/b', concurrency: 2, startupDelaySec, workerCostPerHour: 0.4, tags: [], serviceTimeHintSec: 1 };
  const loop = createDecisionLoop({ policy: read.policy, pool });
  let workers = 13;
  for (let i = 0; i < 240; i++) {
    workers = loop.decide({
      pool: 'a/b',
      timestamp: new Date(Date.UTC(2026, 0, 5) + i * 15_000).toISOString(),
      interval_s: 15,
      arrival_rate: 4 + Math.sin(i * 1.7) * 0.5,
      completion_rate: 4,
      service_rate: 2,
      service_time_mean_s: 1,
      service_time_scv: 1,
      service_time_p50: '700ms',
      service_time_p95: '3s',
      current_workers: workers,
      starting_workers: 0,
      busy_slots: 4,
      slots: workers * 2,
      utilization: 4 / (workers * 2),
      backlog: 0,
      error_rate: 0,
      quality: { trusted: true, suspects: [] },
    }).targetWorkers;
  }
  return workers;
}

describe('idle workers', () => {
  for (const startupDelaySec of [5, 30, 120, 600]) {
    it(`are sent away where a worker takes ${startupDelaySec} s to start`, () => {
      expect(workersAfterAnHour(startupDelaySec)).to.be.within(2, 5);
    });
  }
});
