import { expect } from 'chai';
import { isTerminal, mayBecome, type PlanStatus, planTransitions, terminalPlanStatuses } from './plan.ts';

const statuses = Object.keys(planTransitions) as PlanStatus[];

describe('the life of a plan', () => {
  it('ends in exactly the terminal states', () => {
    expect(statuses.filter(isTerminal)).to.have.members([...terminalPlanStatuses]);
  });

  it('is never carried out without having been approved', () => {
    expect(statuses.filter((from) => mayBecome(from, 'executing'))).to.deep.equal(['approved']);
  });

  it('reaches an end from every state', () => {
    for (const start of statuses) {
      const seen = new Set<PlanStatus>([start]);
      for (const status of seen) for (const next of planTransitions[status]) seen.add(next);
      expect([...seen].some(isTerminal)).to.equal(true);
    }
  });

  it('cannot be rejected or superseded once it is being carried out', () => {
    for (const status of ['rejected', 'cancelled', 'superseded', 'expired'] as const) {
      expect(mayBecome('executing', status)).to.equal(false);
    }
  });
});
