import type { Policy, Schedule } from '@capplan/contracts';
import { expect } from 'chai';
import { policyProblems } from './policy-problems.ts';

const policy: Omit<Policy, 'id' | 'updated_at'> = {
  name: 'Night',
  enabled: true,
  mode: 'auto',
  slo: { p95_latency: '5s', drain_time: '10m', max_backlog: 100 },
  scaling: {
    min_workers: 1,
    max_workers: 9,
    max_step: 5,
    scale_up_cooldown: '0s',
    scale_down_cooldown: '5m',
    schedules: [{ cron: '0 8 * * 1-5', duration: '10h', time_zone: 'Europe/Berlin', min_workers: 2 }],
  },
  forecast: {
    horizon: '7d',
    time_zone: 'America/New_York',
    events: [{ from: '2028-02-29T00:00:00Z', to: '2028-03-01T00:00:00Z', multiplier: 3 }],
  },
  cost: { hourly_budget: 10, budget_kind: 'hard' },
  approval: { expires_after: '1h' },
  tags: [],
};
const schedule = (change: Partial<Schedule>) => ({
  scaling: { ...policy.scaling, schedules: [{ cron: '0 8 * * *', duration: '1h', ...change }] },
});
const event = (from: string, to: string) => ({ forecast: { events: [{ from, to, multiplier: 2 }] } });

describe('policyProblems', () => {
  it('finds nothing wrong with what makes sense', () => {
    expect(policyProblems(policy)).to.deep.equal([]);
    for (const cron of ['* * * * *', '0 0 29 2 *', '30 0 8 * * MON']) {
      expect(policyProblems({ ...policy, ...schedule({ cron }) }), cron).to.deep.equal([]);
    }
  });

  for (const [field, change] of [
    ['name', { name: 'a\u0000b' }],
    ['name', { name: 'line\nbreak' }],
    ['name', { name: '\ud800' }],
    ['slo.p95_latency', { slo: { p95_latency: '0s' } }],
    ['slo.p95_latency', { slo: { p95_latency: '365d' } }],
    ['slo.p95_latency', { slo: { p95_latency: `${'9'.repeat(400)}d` } }],
    ['slo.drain_time', { slo: { ...policy.slo, drain_time: '8d' } }],
    ['slo.max_backlog', { slo: { ...policy.slo, max_backlog: 1e300 } }],
    ['scaling.min_workers', { scaling: { min_workers: 2, max_workers: 1 } }],
    ['scaling.max_step', { scaling: { ...policy.scaling, max_step: 2 ** 53 } }],
    ['scaling.scale_up_cooldown', { scaling: { ...policy.scaling, scale_up_cooldown: '400d' } }],
    ['scaling.scale_down_cooldown', { scaling: { ...policy.scaling, scale_down_cooldown: '400d' } }],
    ['scaling.utilization_low', { scaling: { ...policy.scaling, utilization_low: 0.9, utilization_high: 0.8 } }],
    ['scaling.schedules[0].cron', schedule({ cron: '99 99 99 99 99' })],
    ['scaling.schedules[0].cron', schedule({ cron: '0 0 30 2 *' })],
    ['scaling.schedules[0].cron', schedule({ cron: 'every day at noon please' })],
    ['scaling.schedules[0].cron', schedule({ cron: '* * * *' })],
    ['scaling.schedules[0].time_zone', schedule({ time_zone: 'X/Y' })],
    ['scaling.schedules[0].duration', schedule({ duration: '0s' })],
    ['scaling.schedules[0].duration', schedule({ duration: '9999d' })],
    ['scaling.schedules[0].min_workers', schedule({ min_workers: 3, max_workers: 2 })],
    ['forecast.horizon', { forecast: { horizon: '8d' } }],
    ['forecast.horizon', { forecast: { horizon: '1ms' } }],
    ['forecast.time_zone', { forecast: { time_zone: 'X/Y' } }],
    ['forecast.events[0].from', event('2026-02-30T00:00:00Z', '2026-04-01T00:00:00Z')],
    ['forecast.events[0].from', event('2026-04-01T00:00:00Z', '2026-04-01T00:00:00Z')],
    ['forecast.events[0].to', event('2026-02-01T00:00:00Z', '2026-13-01T00:00:00Z')],
    ['cost.hourly_budget', { cost: { hourly_budget: 1e300 } }],
    ['cost.monthly_budget', { cost: { monthly_budget: 1e13 } }],
    ['cost.violation_cost_per_minute', { cost: { violation_cost_per_minute: 1e13 } }],
    ['cost.budget_kind', { cost: { budget_kind: 'hard' } }],
    ['approval.large_change_workers', { approval: { large_change_workers: 2 ** 40 } }],
    ['approval.large_change_share', { approval: { large_change_share: 1e9 } }],
    ['approval.large_change_cost_per_hour', { approval: { large_change_cost_per_hour: 1e300 } }],
    ['approval.expires_after', { approval: { expires_after: '365d' } }],
    ['approval.expires_after', { approval: { expires_after: '0s' } }],
  ] as [string, Partial<Policy>][]) {
    it(`names ${field} of ${JSON.stringify(change).slice(0, 80)}`, () => {
      const problems = policyProblems({ ...policy, ...change });
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(new RegExp(`^${field.replaceAll(/[[\].]/g, '\\$&')} `));
    });
  }
});
