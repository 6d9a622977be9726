import type { Pool } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePolicy, samplePool } from '../conformance/samples.ts';
import { isSound, isSoundPool } from './record-rules.ts';

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
