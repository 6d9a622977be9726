import type { Pool } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, samplePolicy, samplePool } from '../conformance/samples.ts';
import { noPlans } from './pool-plans.ts';
import { hasBeenScaled, isMoved, isSound, isSoundPool, mayLetGo } from './record-rules.ts';

describe('isSoundPool', () => {
  it('takes what makes sense', () => {
    expect(isSoundPool(samplePool())).to.deep.equal({ ok: true });
    const most = { startup_delay: '4h', service_time_hint: '7d', drain_grace: '7d', worker_cost_per_hour: 1e6 };
    expect(isSoundPool(samplePool(most))).to.deep.equal({ ok: true });
  });

  for (const [field, change] of [
    ['startup_delay', { startup_delay: '365d' }],
    ['startup_delay', { startup_delay: `${'9'.repeat(400)}s` }],
    ['service_time_hint', { service_time_hint: '0s' }],
    ['service_time_hint', { service_time_hint: '8d' }],
    ['drain_grace', { drain_grace: '400d' }],
    ['worker_cost_per_hour', { worker_cost_per_hour: 1e300 }],
    ['queue.name', { queue: { kind: 'reported', name: 'a\u0000b' } }],
    ['queue.group', { queue: { kind: 'redis_stream', name: 'a', group: '\ud800' } }],
    ['actuator.target', { actuator: { kind: 'kubernetes', target: 'a\nb' } }],
  ] as [string, Partial<Pool>][]) {
    it(`names ${field} of ${JSON.stringify(change).slice(0, 60)}`, () => {
      const verdict = isSoundPool(samplePool(change));
      expect(verdict.ok).to.equal(false);
      if (verdict.ok) return;
      expect(verdict.code).to.equal('invalid_input');
      expect(verdict.problems).to.have.length(1);
      expect(verdict.detail).to.match(new RegExp(`^${field.replace('.', '\\.')} `));
    });
  }
});

describe('isSound', () => {
  it('names every problem of a policy', () => {
    const verdict = isSound(samplePolicy({ slo: { p95_latency: '365d' }, forecast: { time_zone: 'X/Y' } }));
    expect(verdict.ok).to.equal(false);
    if (!verdict.ok) expect(verdict.problems).to.have.length(2);
  });
});

describe('a pool that is let go', () => {
  const change = { rollout_id: 'r', index: 0, time_ms: 0, from_workers: 0, to_workers: 3 };
  for (const [says, plans, outcome] of [
    ['nothing was ever planned', undefined, false],
    ['nothing was ever changed', noPlans('shop/checkout'), false],
    ['a plan waits', { ...noPlans('shop/checkout'), active: samplePlan([0, 3], { status: 'approved' }) }, false],
    [
      'a plan is carried out',
      { ...noPlans('shop/checkout'), active: samplePlan([0, 3], { status: 'executing' }) },
      true,
    ],
    ['workers were ordered once', { ...noPlans('shop/checkout'), changes: [change] }, true],
  ] as const) {
    it(`${says}: its workers are ${outcome ? 'asked for' : 'not ours'}`, () => {
      expect(hasBeenScaled(plans as Parameters<typeof hasBeenScaled>[0])).to.equal(outcome);
    });
  }

  for (const [how, status, workers, outcome] of [
    ['remove', undefined, 0, 'fine'],
    ['remove', 'approved', 0, 'fine'],
    [
      'remove',
      'executing',
      0,
      'illegal_transition: plan-3 is being carried out on shop/checkout; wait until it is over',
    ],
    [
      'remove',
      undefined,
      1,
      'pool_in_use: 1 worker of shop/checkout runs: remove it with drain=true, and they finish their jobs and leave; or order 0 first',
    ],
    ['drain', undefined, 3, 'fine'],
    [
      'drain',
      'executing',
      3,
      'illegal_transition: plan-3 is being carried out on shop/checkout; wait until it is over',
    ],
    ['move', undefined, 0, 'fine'],
    [
      'move',
      'approved',
      3,
      'pool_in_use: 3 workers of shop/checkout run under process: order 0 first, or remove it with drain=true and put it anew',
    ],
    ['move', 'executing', 0, 'illegal_transition: plan-3 is being carried out on shop/checkout; wait until it is over'],
  ] as const) {
    it(`${how}, ${status ?? 'no plan'}, ${workers} workers: ${outcome}`, () => {
      const active = status === undefined ? null : samplePlan([0, 3], { status });
      const verdict = mayLetGo(samplePool(), { active, workers, how });
      expect(verdict.ok ? 'fine' : `${verdict.code}: ${verdict.detail}`).to.equal(outcome);
    });
  }

  for (const [says, actuator, outcome] of [
    ['the same actuator', { kind: 'process' }, false],
    ['another kind', { kind: 'kubernetes' }, true],
    ['another target', { kind: 'process', target: 'other' }, true],
  ] as const) {
    it(`${says}: ${outcome ? 'moved' : 'stays'}`, () => {
      expect(isMoved(samplePool(), samplePool({ actuator }))).to.equal(outcome);
    });
  }
});
