import { type Policy, timestamp } from '@capplan/contracts';
import { decide } from '@capplan/planning';
import { expect } from 'chai';
import { samplePolicy, samplePool, sampleSnapshot, startMs } from '../conformance/samples.ts';
import { poolFacts } from './draft-plan.ts';
import { inSteps, mayTarget, namedCount } from './operator-target.ts';

const scaling = { min_workers: 3, max_workers: 8 };
const windowAt = (hour: number) => [{ cron: `0 ${hour} * * *`, duration: '1h', min_workers: 1, max_workers: 12 }];
// It is noon.
const [open, closed] = [windowAt(12), windowAt(3)];
const caps = { workersMax: 20, stepMax: 4, changeShareMax: 10, changeShareFrom: 50, costPerHourMax: 7 };
const hard = { budget_kind: 'hard', hourly_budget: 6 } as const;

describe('mayTarget', () => {
  for (const [says, workers, policy, outcome] of [
    ['the minimum', 3, { scaling }, 'fine'],
    ['below the minimum', 2, { scaling }, 'outside_limits'],
    ['the maximum', 8, { scaling }, 'fine'],
    ['above the maximum', 9, { scaling }, 'outside_limits'],
    ['what an open window allows at most', 12, { scaling: { ...scaling, schedules: open } }, 'fine'],
    ['more than that', 13, { scaling: { ...scaling, schedules: open } }, 'outside_limits'],
    ['what an open window allows at least', 1, { scaling: { ...scaling, schedules: open } }, 'fine'],
    ['less than that', 0, { scaling: { ...scaling, schedules: open } }, 'outside_limits'],
    ['what a window that is closed would allow', 12, { scaling: { ...scaling, schedules: closed } }, 'outside_limits'],
    ['between nothing and the minimum', 1, { scaling: { ...scaling, scale_to_zero: true } }, 'outside_limits'],
    ['nothing, where that is allowed', 0, { scaling: { ...scaling, scale_to_zero: true } }, 'fine'],
    ['as dear as the hard budget', 6, { scaling, cost: hard }, 'fine'],
    ['dearer than the hard budget', 7, { scaling, cost: hard }, 'cost_limit_exceeded'],
    ['dearer than the soft budget', 7, { scaling, cost: { hourly_budget: 6 } }, 'fine'],
    [
      'the minimum, dearer than the hard budget',
      7,
      { scaling: { min_workers: 7, max_workers: 8 }, cost: hard },
      'fine',
    ],
  ] as [string, number, Partial<Policy>, string][]) {
    it(`${says}, ${workers}: ${outcome}`, () => {
      const verdict = mayTarget(workers, 5, { nowMs: startMs, pool: samplePool(), policy: samplePolicy(policy) });
      expect(verdict.ok ? 'fine' : verdict.reason).to.equal(outcome);
    });
  }

  it('lets a pool that is too dear go down', () => {
    const policy = samplePolicy({ scaling, cost: hard });
    expect(mayTarget(7, 8, { nowMs: startMs, pool: samplePool(), policy })).to.deep.equal({ ok: true });
  });

  for (const [says, workers, current, outcome] of [
    ['as dear as the executor takes', 7, 5, 'fine'],
    ['dearer', 8, 5, 'cost_limit_exceeded'],
    ['dearer, on the way down', 8, 9, 'fine'],
    ['more than the executor takes', 21, 5, 'outside_limits'],
  ] as const) {
    it(`knows the caps of the executor: ${says}, ${current} → ${workers}: ${outcome}`, () => {
      const policy = samplePolicy({ scaling: { min_workers: 1, max_workers: 100 } });
      const verdict = mayTarget(workers, current, { nowMs: startMs, pool: samplePool(), policy, caps });
      expect(verdict.ok ? 'fine' : verdict.reason).to.equal(outcome);
    });
  }
});

describe('the plan of a count that a person asked for', () => {
  const policy = samplePolicy({ scaling: { min_workers: 1, max_workers: 40, max_step: 3 } });
  const asked = (workers: number) => ({ workers, by: 'ada', why: `asked for ${workers} workers` });
  // Ten jobs of a second arrive each second; a worker runs two.
  const input = {
    nowMs: startMs,
    pool: poolFacts(samplePool()),
    policy,
    snapshot: sampleSnapshot(startMs, 7, { busy_slots: 10, slots: 14 }),
    history: { changes: [] },
  };
  const planFor = (workers: number) =>
    inSteps(decide(input, namedCount(asked(workers), decide(input))), asked(workers), {
      nowMs: startMs,
      pool: samplePool(),
      policy,
    });

  it('has the risk and the cost of that count, not of the planner’s own', () => {
    const own = decide(input);
    const [few, enough] = [planFor(2), planFor(20)];
    expect(few.violationProbability).to.be.greaterThan(0.9);
    expect(few.confidence).to.be.lessThan(0.1);
    expect(few.costImpact).to.include({ cost_per_hour_before: 7, cost_per_hour_after: 2 });
    expect(few.costImpact.violation_savings).to.be.lessThan(0);
    expect(enough.violationProbability).to.be.at.most(own.violationProbability);
    expect(enough.projectedUtilization).to.be.closeTo(0.25, 0.05);
    expect(few.rationale).to.match(/^ada asked for 2 workers; the planner would have \d+ workers\. Scale down/);
  });

  it('takes no step that is larger than the executor takes', () => {
    const moment = { nowMs: startMs, pool: samplePool(), policy: samplePolicy(), caps };
    const made = inSteps(
      decide({ ...input, policy: samplePolicy() }, namedCount(asked(17), { targetWorkers: 7 })),
      asked(17),
      {
        ...moment,
        caps: { ...caps, costPerHourMax: 0 },
      },
    );
    expect(made.steps.map(({ to_workers }) => to_workers)).to.deep.equal([11, 15, 17]);
  });

  for (const [workers, steps] of [
    [7, []],
    [9, ['7→9']],
    [14, ['7→10', '10→13', '13→14']],
    [2, ['7→4', '4→2']],
  ] as const) {
    it(`goes from 7 to ${workers} in steps that its policy allows: ${steps.join(', ') || 'none'}`, () => {
      const made = planFor(workers).steps;
      expect(made.map(({ from_workers, to_workers }) => `${from_workers}→${to_workers}`)).to.deep.equal(steps);
      for (const step of made) {
        expect(step.action).to.equal(step.to_workers > step.from_workers ? 'scale_up' : 'scale_down');
        expect(step.timestamp).to.equal(timestamp(startMs));
      }
    });
  }
});
