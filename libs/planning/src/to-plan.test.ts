import { check, Plan, timestamp } from '@capplan/contracts';
import { expect } from 'chai';
import { decide } from './decide.ts';
import { forecastOf, inputOf, nowMs, policyOf, snapshotOf } from './input-for-tests.ts';
import { approvalsNeededFor, toPlan } from './to-plan.ts';

const identity = { id: 'plan-1', status: 'proposed', statusReason: '', requestedBy: 'planner' } as const;

describe('toPlan', () => {
  it('makes a record that the contract accepts, with the figures of the decision', () => {
    for (const input of [
      inputOf(),
      inputOf({ forecast: forecastOf(16), snapshot: snapshotOf({ backlog: 50, busy_slots: 46 }) }),
      inputOf({ snapshot: snapshotOf({ current_workers: 0, busy_slots: 0, backlog: 9 }) }),
    ]) {
      const decision = decide(input);
      const plan = toPlan(decision, input, identity);
      expect(check(Plan, plan)).to.deep.include({ ok: true });
      expect(plan.target_workers).to.equal(decision.targetWorkers);
      expect(plan.expires_at).to.equal(timestamp(nowMs + 900_000));
    }
  });

  it('foresees the demand that its count was decided on, of new jobs', () => {
    const retried = snapshotOf({ attempt_rate: 20, retry_rate: 10, error_rate: 0.5 });
    for (const input of [inputOf({ forecast: forecastOf(16) }), inputOf({ snapshot: retried })]) {
      const decision = decide(input);
      const {
        predicted_lambda: rates,
        confidence_bands: bands,
        step_s: stepSec,
      } = toPlan(decision, input, identity).forecast;
      expect(rates[Math.floor(input.pool.startupDelaySec / stepSec)]).to.equal(decision.expectedRatePerSec);
      expect(rates.length * stepSec).to.equal(decision.horizonSec);
      for (const [i, rate] of rates.entries())
        expect(rate).to.be.within(bands.lower[i] as number, bands.upper[i] as number);
    }
  });

  it('does without a forecast and without a measurement', () => {
    const { forecast: _, ...bare } = inputOf();
    const unmeasured = { ...bare, snapshot: undefined };
    for (const input of [bare, unmeasured]) {
      expect(check(Plan, toPlan(decide(input), input, identity))).to.deep.include({ ok: true });
    }
  });

  it('lists later steps from the long forecast, each starting where the one before ended', () => {
    const mean = Array.from({ length: 180 }, (_, minute) => (minute < 60 ? 10 : 18));
    const input = inputOf({ forecast: forecastOf(10, 0.08, { mean }) });
    const { steps, targetWorkers } = decide(input);
    expect(steps.length).to.be.above(0);
    let workers = targetWorkers;
    for (const step of steps) {
      expect(step.from_workers).to.equal(workers);
      workers = step.to_workers;
    }
    expect(workers).to.be.above(70);
    // Ordered a start-up delay ahead of the rise an hour from now.
    expect(Date.parse(steps[0]?.timestamp ?? '')).to.be.within(nowMs + 50 * 60_000, nowMs + 60 * 60_000);
  });
});

describe('approvalsNeededFor', () => {
  const rising = inputOf({ forecast: forecastOf(13), snapshot: snapshotOf({ backlog: 20, busy_slots: 46 }) });

  it('asks nobody for a plan that is only advice, one person in manual mode, two for a large change', () => {
    const needed = (changes: Parameters<typeof policyOf>[0]): number => {
      const input = { ...rising, policy: policyOf(changes) };
      return approvalsNeededFor(decide(input), input);
    };
    expect(needed({ mode: 'advisory' })).to.equal(0);
    expect(needed({ mode: 'manual' })).to.equal(1);
    expect(needed({ mode: 'auto' })).to.equal(0);
    expect(needed({ mode: 'auto', approval: { large_change_workers: 5 } })).to.equal(2);
    expect(needed({ mode: 'auto', approval: { large_change_share: 0.1 } })).to.equal(2);
    expect(needed({ mode: 'auto', approval: { large_change_cost_per_hour: 3 } })).to.equal(2);
  });
});
