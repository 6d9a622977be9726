import { expect } from 'chai';
import fc from 'fast-check';
import { samplePlan, samplePolicy, samplePool, startMs } from '../conformance/samples.ts';
import { isLegalPlan, placeOfPool, withinHardCaps, withinPolicy } from './step-rules.ts';

const caps = { workersMax: 50, stepMax: 20, changeShareMax: 1, changeShareFrom: 5, costPerHourMax: 0 };
const step = (from_workers: number, to_workers: number) => ({ from_workers, to_workers });
const given = (policy = samplePolicy(), pool = samplePool()) => ({
  plan: samplePlan([4, 6]),
  pool,
  policy,
  nowMs: startMs,
});

describe('withinHardCaps', () => {
  it('lets nothing through that is above a cap, whatever the step', () => {
    const count = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(
        count,
        count,
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        (from, to, most, largest) => {
          const verdict = withinHardCaps(step(from, to), samplePool(), { ...caps, workersMax: most, stepMax: largest });
          if (!verdict.ok) return;
          expect(to > from ? to : 0).to.be.at.most(most);
          expect(Math.abs(to - from)).to.be.at.most(largest);
          if (Math.abs(to - from) > caps.changeShareFrom) expect(Math.abs(to - from)).to.be.at.most(Math.max(1, from));
        },
      ),
    );
  });

  it('holds money as well as workers, and never stops a way down for being too high', () => {
    const dear = samplePool({ worker_cost_per_hour: 10 });
    expect(withinHardCaps(step(4, 6), dear, { ...caps, costPerHourMax: 50 })).to.include({
      reason: 'cost_limit_exceeded',
    });
    expect(withinHardCaps(step(80, 70), dear, { ...caps, costPerHourMax: 50 })).to.deep.equal({ ok: true });
  });
});

describe('the executor’s own caps, at their edges', () => {
  for (const [says, change, limits, outcome] of [
    ['up to the cap', step(40, 50), {}, 'fine'],
    ['over the cap', step(40, 51), {}, 'outside_hard_caps'],
    ['down, and still over the cap', step(70, 60), {}, 'fine'],
    ['the largest step', step(30, 50), {}, 'fine'],
    ['more than the largest step, up', step(29, 50), {}, 'outside_hard_caps'],
    ['more than the largest step, down', step(50, 29), {}, 'outside_hard_caps'],
    ['twice as many', step(10, 20), {}, 'fine'],
    ['more than twice as many', step(10, 21), {}, 'outside_hard_caps'],
    ['more than twice as many, of a few', step(1, 6), {}, 'fine'],
    ['from nothing, more than a few', step(0, 6), {}, 'outside_hard_caps'],
    ['as dear as allowed', step(4, 6), { costPerHourMax: 6 }, 'fine'],
    ['dearer than allowed', step(4, 7), { costPerHourMax: 6 }, 'cost_limit_exceeded'],
    ['to less than nothing', step(4, -1), {}, 'illegal_step'],
    ['to half a worker', step(4, 4.5), {}, 'illegal_step'],
  ] as const) {
    it(`${says}, ${change.from_workers} → ${change.to_workers}: ${outcome}`, () => {
      const verdict = withinHardCaps(change, samplePool(), { ...caps, ...limits });
      expect(verdict.ok ? 'fine' : verdict.reason).to.equal(outcome);
    });
  }
});

describe('the policy in force, at its edges', () => {
  const scaling = { min_workers: 3, max_workers: 8, max_step: 4 };
  const hard = { budget_kind: 'hard', hourly_budget: 6 } as const;
  // It is noon.
  const window = (hour: number, min_workers: number, max_workers: number) => [
    { cron: `0 ${hour} * * *`, duration: '1h', min_workers, max_workers },
  ];
  const [open, closed, tight] = [window(12, 1, 12), window(3, 1, 12), window(12, 3, 5)];
  for (const [says, change, policy, outcome] of [
    ['up to the maximum', step(4, 8), { scaling }, 'fine'],
    ['over the maximum', step(5, 9), { scaling }, 'outside_policy_limits'],
    [
      'over the maximum, which an open window raises',
      step(8, 12),
      { scaling: { ...scaling, schedules: open } },
      'fine',
    ],
    [
      'over the maximum, where a closed window would allow it',
      step(8, 12),
      { scaling: { ...scaling, schedules: closed } },
      'outside_policy_limits',
    ],
    [
      'over the maximum of an open window, and within that of the policy',
      step(4, 8),
      { scaling: { ...scaling, schedules: tight } },
      'outside_policy_limits',
    ],
    [
      'more than a step, back inside an open window',
      step(12, 5),
      { scaling: { ...scaling, max_workers: 20, schedules: tight } },
      'fine',
    ],
    ['down, above a floor', step(6, 4), { scaling: { ...scaling, floor_only: true } }, 'outside_policy_limits'],
    ['up to a floor', step(4, 6), { scaling: { ...scaling, floor_only: true } }, 'fine'],
    ['down to the minimum', step(6, 3), { scaling }, 'fine'],
    ['under the minimum', step(6, 2), { scaling }, 'outside_policy_limits'],
    [
      'under the minimum, which an open window lowers',
      step(5, 1),
      { scaling: { ...scaling, schedules: open } },
      'fine',
    ],
    ['to nothing', step(4, 0), { scaling }, 'outside_policy_limits'],
    ['to nothing, where that is allowed', step(4, 0), { scaling: { ...scaling, scale_to_zero: true } }, 'fine'],
    ['more than a step', step(3, 8), { scaling }, 'outside_policy_limits'],
    ['more than a step, back inside the limits', step(20, 8), { scaling }, 'fine'],
    ['as dear as the hard budget', step(4, 6), { cost: hard }, 'fine'],
    ['dearer than the hard budget', step(4, 7), { cost: hard }, 'cost_limit_exceeded'],
    ['dearer than the soft budget', step(4, 7), { cost: { hourly_budget: 6 } }, 'fine'],
    ['dearer than the hard budget, down', step(9, 8), { cost: hard }, 'fine'],
  ] as const) {
    it(`${says}, ${change.from_workers} → ${change.to_workers}: ${outcome}`, () => {
      const verdict = withinPolicy(change, given(samplePolicy(policy as never)));
      expect(verdict.ok ? 'fine' : verdict.reason).to.equal(outcome);
    });
  }
});

describe('withinPolicy', () => {
  for (const [reason, policy, change] of [
    ['policy_disabled', samplePolicy({ enabled: false }), step(4, 6)],
    ['policy_mismatch', samplePolicy({ tags: ['pci'] }), step(4, 6)],
    ['outside_policy_limits', samplePolicy({ scaling: { min_workers: 1, max_workers: 5 } }), step(4, 6)],
    ['outside_policy_limits', samplePolicy({ scaling: { min_workers: 3, max_workers: 5 } }), step(4, 2)],
    ['outside_policy_limits', samplePolicy({ scaling: { min_workers: 1, max_workers: 40, max_step: 2 } }), step(4, 8)],
    ['cost_limit_exceeded', samplePolicy({ cost: { budget_kind: 'hard', hourly_budget: 5 } }), step(4, 6)],
    [
      'frozen',
      samplePolicy({
        scaling: { min_workers: 1, max_workers: 40, schedules: [{ cron: '0 11 * * *', duration: '2h', freeze: true }] },
      }),
      step(4, 6),
    ],
  ] as const) {
    it(`refuses with ${reason} what the policy in force forbids`, () => {
      expect(withinPolicy(change, given(policy))).to.include({ ok: false, reason });
    });
  }

  it('refuses when another policy, or none, governs the pool now', () => {
    expect(withinPolicy(step(4, 6), given(samplePolicy(), samplePool({ policy_id: 'other' })))).to.include({
      reason: 'policy_gone',
    });
    expect(withinPolicy(step(4, 6), { ...given(), policy: undefined })).to.include({ reason: 'policy_gone' });
  });

  it('lets a pool come back inside its limits from outside', () => {
    const tight = samplePolicy({ scaling: { min_workers: 3, max_workers: 5 } });
    expect(withinPolicy(step(9, 7), given(tight))).to.deep.equal({ ok: true });
    expect(withinPolicy(step(0, 2), given(tight))).to.deep.equal({ ok: true });
    const slow = samplePolicy({ scaling: { min_workers: 3, max_workers: 5, max_step: 1 } });
    expect(withinPolicy(step(9, 5), given(slow))).to.deep.equal({ ok: true });
    expect(withinPolicy(step(0, 3), given(slow))).to.deep.equal({ ok: true });
    const poor = samplePolicy({
      scaling: { min_workers: 3, max_workers: 9, max_step: 1 },
      cost: { budget_kind: 'hard', hourly_budget: 2 },
    });
    expect(withinPolicy(step(9, 3), given(poor)), 'back to what there is money for').to.deep.equal({ ok: true });
    expect(withinPolicy(step(2, 3), given(poor)), 'up to the minimum').to.deep.equal({ ok: true });
  });
});

describe('isLegalPlan', () => {
  it('wants steps that lead on from each other, in the direction that they name, in the order of time', () => {
    expect(isLegalPlan(samplePlan([4, 6, 8, 5]))).to.deep.equal({ ok: true });
    const [first, second] = samplePlan([4, 6, 8]).steps;
    if (!first || !second) throw new Error('two steps were asked for');
    for (const steps of [
      [first, { ...second, from_workers: 5 }],
      [{ ...first, action: 'scale_down' as const }],
      [second, first],
      [{ ...first, to_workers: 4 }],
      [first, { ...second, timestamp: '2026-03-02T11:00:00.000Z' }],
    ]) {
      expect(isLegalPlan(samplePlan([4, 6], { steps }))).to.include({ ok: false, reason: 'illegal_step' });
    }
  });
});

describe('placeOfPool', () => {
  it('knows the start, the end, the way between and a small drift', () => {
    expect([4, 5, 6, 3, 7, 2].map((workers) => placeOfPool(step(4, 6), workers, 1))).to.deep.equal([
      'start',
      'start',
      'there',
      'start',
      'elsewhere',
      'elsewhere',
    ]);
    expect(placeOfPool(step(6, 5), 4, 2)).to.equal('elsewhere');
  });
});
