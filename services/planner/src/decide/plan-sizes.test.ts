import { check, jsonBytes, Plan, recordBytesMax, type Step } from '@capplan/contracts';
import { expect } from 'chai';
import { samplePlan, samplePolicy, sampleRollout, sampleSnapshot, startMs } from '../conformance/samples.ts';
import { approve } from './approvals.ts';
import { consider } from './consider.ts';
import { followRollout } from './follow-rollout.ts';
import { type Moment, move, noPlans, PoolPlans, told } from './pool-plans.ts';
import { planBytesMax, shortenPlan } from './shorten-plan.ts';

const policy = samplePolicy();
const smallPlan = (id: string): Plan => samplePlan([4, 6], { id });

/** A plan with as many and as long texts as a plan may have, made of one character. */
function fullPlan(id: string, character: string): Plan {
  const small = smallPlan(id);
  const text = (length: number) => character.repeat(length).slice(0, length);
  const step = { ...(small.steps[0] as Step), reason: text(1024), confidence: 0.123456789012345 };
  const curve = Array.from({ length: 2_000 }, (_, i) => i + 0.12345);
  return {
    ...small,
    steps: Array.from({ length: 256 }, () => step),
    rationale: text(8192),
    explanation: Array.from({ length: 64 }, () => ({ rule: text(64), before: 4, after: 6, detail: text(1024) })),
    alternatives: Array.from({ length: 32 }, () => ({
      workers: 6,
      expected_cost: 1 / 3,
      violation_probability: 1 / 3,
      rejected_because: text(512),
    })),
    forecast: {
      window: '30m',
      step_s: 1,
      predicted_lambda: curve,
      confidence_bands: { level: 0.9, upper: curve, lower: curve },
    },
  };
}

// JSON writes a control character in six bytes.
const characters = { plain: 'x', 'beyond ASCII': '€', 'in pairs': '😀', 'control characters': '\u0001' };

describe('shortenPlan', () => {
  it('leaves an ordinary plan as it is', () => {
    const plan = smallPlan('p');
    expect(shortenPlan(plan)).to.equal(plan);
  });

  for (const [says, character] of Object.entries(characters)) {
    it(`makes the largest plan fit, keeps what it would do, and says what it left out: ${says}`, () => {
      const plan = fullPlan('p', character);
      const bytes = jsonBytes(plan);
      const shorter = shortenPlan(plan);
      expect(bytes).to.be.greaterThan(planBytesMax);
      expect(jsonBytes(shorter)).to.be.at.most(planBytesMax);
      expect(shorter.rationale).to.contain(`as a whole this plan has ${bytes} bytes, and ${planBytesMax} are kept`);
      const orders = (of: Plan) => of.steps.map(({ reason: _reason, ...order }) => order);
      expect(orders(shorter)).to.deep.equal(orders(plan));
      expect(check(Plan, shorter).ok).to.equal(true);
      expect(JSON.stringify(shorter)).not.to.match(/\\ud[89a-f]/);
    });
  }
});

describe('the record of a pool’s plans', () => {
  const moment: Moment = { nowMs: startMs, recentMax: 200 };
  const person = (id: string, character: string) => ({
    actor: { id, kind: 'user' as const, second_factor: true },
    comment: character.repeat(1024).slice(0, 1024),
  });

  for (const [says, character] of Object.entries(characters)) {
    it(`fits into its store at every write, whatever the plans say: ${says}`, () => {
      let state = noPlans('shop/checkout');
      const written = (next: PoolPlans): PoolPlans => {
        expect(jsonBytes(next)).to.be.at.most(recordBytesMax + 32_768);
        for (const { plan } of next.outbox) expect(jsonBytes(plan)).to.be.at.most(planBytesMax);
        return told(next);
      };
      for (let i = 0; i < 11; i++) {
        const target_workers = i % 2 === 0 ? 6 : 30;
        const draft = { ...fullPlan(`plan-${i}`, character), target_workers, large_change: true, approvals_needed: 2 };
        const seen = sampleSnapshot(startMs + 1000 * i, 4);
        const rules = { policy, snapshot: seen, hold: undefined, mayApprove: true, canAct: true };
        const given = { ...rules, draft: shortenPlan(draft) };
        state = written(consider(state, given, moment));
        if (i % 3 === 0) continue; // The next draft takes its place: one ends and one begins in the same write.
        for (const id of ['ada', 'ben']) {
          const outcome = approve(state, { planId: draft.id, ...person(id, character) }, moment);
          if (!outcome.ok) throw new Error(outcome.detail);
          state = written(outcome.state);
        }
        const reason = character.repeat(1024).slice(0, 1024);
        const plan = state.active as Plan;
        state = written(followRollout(state, { ...sampleRollout(plan, 'finished', startMs + i), reason }, moment));
      }
      expect(check(PoolPlans, state).ok).to.equal(true);
      expect(state.recent[0]?.id).to.equal('plan-10');
      expect(state.recent.length).to.be.within(2, 10);
    });
  }

  it('keeps ordinary plans up to the count, the newest first', () => {
    let state = noPlans('shop/checkout');
    for (let i = 0; i < 30; i++) {
      state = told(move({ ...state, active: smallPlan(`plan-${i}`) }, 'cancelled', 'x', { ...moment, recentMax: 20 }));
    }
    expect(state.recent.map(({ id }) => id)).to.deep.equal(Array.from({ length: 20 }, (_, i) => `plan-${29 - i}`));
  });

  it('of a larger plan from before is made to fit when it moves on', () => {
    const before = { ...noPlans('shop/checkout'), active: fullPlan('old', 'x') };
    const after = move(before, 'expired', 'x', moment);
    expect(jsonBytes(after)).to.be.at.most(recordBytesMax);
    expect(after.recent[0]?.id).to.equal('old');
  });
});
