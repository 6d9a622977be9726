import { resolveSettings } from '@capplan/planning';
import { expect } from 'chai';
import { createPlanner } from './controllers/planner.ts';
import { createDecisionLoop } from './decision-loop.ts';
import type { Demand } from './demand.ts';
import { policyFor } from './policy-for-tests.ts';
import { runController } from './run-controller.ts';
import { openServiceSource } from './service-source.ts';
import { countCooldownBreaches } from './validate.ts';

const service = { kind: 'exponential', meanSec: 2 } as const;
const hours = 2;
const periodSec = 600;

/** λ(t) = mean × (1 + sin(2πt / 10 min) × amplitude / 2): amplitude 2 swings from nothing to twice the mean. */
function sinusoidal(meanPerSec: number, amplitude: number): Demand {
  const stepSec = 15;
  const ratesPerSec = Float64Array.from({ length: (hours * 3600) / stepSec }, (_, i) => {
    const phase = (2 * Math.PI * (i + 0.5) * stepSec) / periodSec;
    return Math.max(0, meanPerSec * (1 + (amplitude / 2) * Math.sin(phase)));
  });
  return {
    startMs: Date.UTC(2026, 0, 5),
    stepSec,
    ratesPerSec,
    counts: Int32Array.from(ratesPerSec, (rate) => Math.round(rate * stepSec)),
    bridged: 0,
  };
}

function runUnder({ cooldown, everySec }: { cooldown: string; everySec: number }) {
  const policy = policyFor('10s', { scaling: { scale_up_cooldown: cooldown, scale_down_cooldown: cooldown } });
  const pool = { id: 'test/waves', concurrency: 1, startupDelaySec: 30, workerCostPerHour: 1, tags: [] };
  const demand = sinusoidal(5, 2);
  const run = runController({
    controller: createPlanner({
      loop: createDecisionLoop({ pool, policy }),
      poolId: pool.id,
      concurrency: 1,
      startMs: demand.startMs,
      everySec,
      initialWorkers: 10,
    }),
    demand,
    pool: { concurrency: 1, startupDelaySec: 30, latencyOf: 'response', targetSec: 10 },
    services: openServiceSource(service, 1),
    seed: 1,
  });
  return { run, settings: resolveSettings(policy) };
}

describe('scaling stability', () => {
  for (const everySec of [15, 60]) {
    it(`never scales twice within a cooldown of 5 minutes on waves of 10 minutes, deciding every ${everySec} s`, () => {
      const { run, settings } = runUnder({ cooldown: '5m', everySec });
      expect(run.changes.length, 'it does scale').to.be.greaterThan(2);
      expect(countCooldownBreaches(run, settings)).to.equal(0);
      for (const [i, change] of run.changes.entries()) {
        if (i > 0) expect(change.atSec - (run.changes[i - 1]?.atSec ?? 0)).to.be.at.least(300);
      }
    });
  }
});
