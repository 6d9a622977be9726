import { expect } from 'chai';
import fc from 'fast-check';
import { type BudgetClaim, shareBudget } from './share-budget.ts';

const claims = fc
  .array(
    fc.record({
      minimumPerHour: fc.double({ min: 0, max: 20, noNaN: true }),
      wantedPerHour: fc.double({ min: 0, max: 100, noNaN: true }),
      weight: fc.double({ min: 0.1, max: 5, noNaN: true }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((list): BudgetClaim[] => list.map((claim, i) => ({ pool: `team/pool-${i}`, ...claim })));
const budgets = fc.double({ min: 0, max: 500, noNaN: true });

describe('shareBudget', () => {
  it('gives small claims all they want and divides the rest', () => {
    const shares = shareBudget(10, [
      { pool: 'a/x', minimumPerHour: 1, wantedPerHour: 3 },
      { pool: 'a/y', minimumPerHour: 1, wantedPerHour: 20 },
      { pool: 'a/z', minimumPerHour: 0, wantedPerHour: 20, weight: 2 },
    ]);
    expect(shares.get('a/x')).to.be.closeTo(2.5, 1e-6);
    expect(shares.get('a/y')).to.be.closeTo(2.5, 1e-6);
    expect(shares.get('a/z')).to.be.closeTo(5, 1e-6);
  });

  it('scales minimums down together when even those are too much', () => {
    const shares = shareBudget(6, [
      { pool: 'a/x', minimumPerHour: 4, wantedPerHour: 9 },
      { pool: 'a/y', minimumPerHour: 8, wantedPerHour: 9 },
    ]);
    expect([shares.get('a/x'), shares.get('a/y')]).to.deep.equal([2, 4]);
  });

  it('never spends more than there is, nor gives more than is wanted, whatever the order', () => {
    fc.assert(
      fc.property(budgets, claims, (budget, list) => {
        const shares = shareBudget(budget, list);
        const sum = [...shares.values()].reduce((total, share) => total + share, 0);
        expect(sum).to.be.at.most(budget + 1e-6);
        for (const claim of list) {
          expect(shares.get(claim.pool)).to.be.at.most(Math.max(claim.minimumPerHour, claim.wantedPerHour) + 1e-9);
        }
        const turned = shareBudget(budget, [...list].reverse());
        for (const claim of list) expect(turned.get(claim.pool)).to.equal(shares.get(claim.pool));
      }),
    );
  });

  it('leaves nothing over while somebody wants more', () => {
    fc.assert(
      fc.property(budgets, claims, (budget, list) => {
        const shares = shareBudget(budget, list);
        const sum = [...shares.values()].reduce((total, share) => total + share, 0);
        const wanted = list.reduce((total, claim) => total + Math.max(claim.minimumPerHour, claim.wantedPerHour), 0);
        expect(sum).to.be.closeTo(Math.min(budget, wanted), 1e-6 * (1 + wanted));
      }),
    );
  });
});
