import { type Policy, timestamp } from '@capplan/contracts';
import { decide, executableTarget, limitsAt } from '@capplan/planning';
import { expect } from 'chai';
import fc from 'fast-check';
import { samplePlan, samplePolicy, samplePool, sampleSnapshot, startMs } from '../conformance/samples.ts';
import { withinHardCaps, withinPolicy } from './step-rules.ts';

const money = fc.double({ min: 0.01, max: 50, noNaN: true });
const count = fc.integer({ min: 0, max: 120 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const caps = fc.record({
  workersMax: fc.integer({ min: 0, max: 100 }),
  stepMax: fc.integer({ min: 1, max: 60 }),
  changeShareMax: fc.double({ min: 0.05, max: 3, noNaN: true }),
  changeShareFrom: fc.integer({ min: 0, max: 20 }),
  costPerHourMax: fc.oneof(fc.constant(0), money),
});
const window = fc.record({
  hour: fc.constantFrom(3, 12),
  min_workers: maybe(fc.integer({ min: 0, max: 30 })),
  max_workers: maybe(fc.integer({ min: 1, max: 90 })),
});
const policies = fc
  .record({
    least: fc.integer({ min: 0, max: 20 }),
    more: fc.integer({ min: 1, max: 80 }),
    max_step: maybe(fc.integer({ min: 1, max: 30 })),
    scale_to_zero: fc.boolean(),
    floor_only: fc.boolean(),
    windows: fc.array(window, { maxLength: 2 }),
    hourly_budget: maybe(money),
    budget_kind: fc.constantFrom('soft', 'hard'),
  })
  .map(({ least, more, max_step, scale_to_zero, floor_only, windows, hourly_budget, budget_kind }): Policy => {
    const schedules = windows.map(({ hour, min_workers, max_workers }) => ({
      cron: `0 ${hour} * * *`,
      duration: '1h',
      ...(min_workers !== undefined && { min_workers }),
      ...(max_workers !== undefined && { max_workers }),
    }));
    const bounds = { min_workers: least, max_workers: least + more, scale_to_zero, floor_only, schedules };
    return samplePolicy({
      slo: { p95_latency: '5s' },
      scaling: { ...bounds, ...(max_step !== undefined && { max_step }) },
      cost: { ...(hourly_budget !== undefined && { hourly_budget, budget_kind }) },
    });
  });

/** What the executor says of a step that the planner came to, or nothing where it takes it. */
function refusalOf(
  change: { from_workers: number; to_workers: number },
  { policy, price, hardCaps }: { policy: Policy; price: number; hardCaps: Parameters<typeof withinHardCaps>[2] },
): string | undefined {
  const pool = samplePool({ worker_cost_per_hour: price });
  const verdicts = [
    withinHardCaps(change, pool, hardCaps),
    withinPolicy(change, { plan: samplePlan([4, 6]), pool, policy, nowMs: startMs }),
  ];
  const refused = verdicts.find((verdict) => !verdict.ok);
  return refused && !refused.ok ? `${refused.reason}: ${refused.detail}` : undefined;
}

describe('planner and executor know the same limits', () => {
  it('so that no target which the planner calls executable is refused', () => {
    fc.assert(
      fc.property(count, count, policies, money, caps, (from, wanted, drawn, price, hardCaps) => {
        // Who works above a floor is a rule of its own.
        const policy = { ...drawn, scaling: { ...drawn.scaling, floor_only: false } };
        const { min_workers: minWorkers, max_workers: maxWorkers, schedules = [] } = policy.scaling;
        const limits = limitsAt(schedules, { minWorkers, maxWorkers }, startMs);
        const to = executableTarget(from, wanted, { policy, limits, workerCostPerHour: price, caps: hardCaps });
        if (to === from) return;
        const change = { from_workers: from, to_workers: to };
        expect(refusalOf(change, { policy, price, hardCaps })).to.equal(undefined);
        expect(Math.sign(to - from)).to.equal(Math.sign(wanted - from));
      }),
      { numRuns: 2000 },
    );
  });

  it('so that no step which the planner would propose is refused', () => {
    const load = fc.record({ rate: fc.double({ min: 0, max: 200, noNaN: true }), backlog: count, workers: count });
    const spent = maybe(fc.double({ min: 0, max: 60, noNaN: true }));
    fc.assert(
      fc.property(load, policies, money, caps, spent, (seen, policy, price, hardCaps, spentThisHour) => {
        const { rate, backlog, workers } = seen;
        const { steps } = decide({
          nowMs: startMs,
          pool: { id: 'shop/checkout', concurrency: 2, startupDelaySec: 10, workerCostPerHour: price, tags: [] },
          policy,
          snapshot: sampleSnapshot(startMs, workers, {
            timestamp: timestamp(startMs),
            arrival_rate: rate,
            completion_rate: rate,
            backlog,
            busy_slots: Math.min(2 * workers, Math.ceil(rate)),
          }),
          history: {
            changes: [],
            ...(spentThisHour !== undefined && { spentThisHour, spentThisMonth: spentThisHour }),
          },
          caps: hardCaps,
        });
        const [first] = steps;
        if (first?.timestamp !== timestamp(startMs)) return;
        expect(refusalOf(first, { policy, price, hardCaps })).to.equal(undefined);
      }),
      { numRuns: 300 },
    );
  });
});
