import { expect } from 'chai';
import { type Identity, identityOf, may, permissions, permissionsOf, roles, withoutCost } from './decide.ts';

const who = (...named: Identity['roles']): Identity => ({ subject: 'ada', roles: named, secondFactor: false });

describe('permissions', () => {
  it('grow from viewer over operator to admin', () => {
    for (const permission of permissionsOf.viewer) expect(permissionsOf.operator).to.include(permission);
    for (const permission of permissionsOf.operator) expect(permissionsOf.admin).to.include(permission);
  });

  it('let only finance see money, and let finance change nothing', () => {
    expect(roles.filter((role) => may(who(role), 'cost:read'))).to.deep.equal(['finance']);
    const changing = permissions.filter((permission) => !permission.endsWith(':read'));
    expect(changing.filter((permission) => may(who('finance'), permission))).to.deep.equal([]);
  });

  it('give an unknown bearer nothing', () => {
    expect(permissions.filter((permission) => may(who(), permission))).to.deep.equal([]);
  });
});

describe('identityOf', () => {
  const claims = { sub: 'ada', iat: 1000, exp: 2000, roles: ['capacity_operator', 'finance', 'emperor'] };

  it('reads known roles, with or without their prefix, and drops the rest', () => {
    const verdict = identityOf(claims);
    expect(verdict).to.deep.equal({
      ok: true,
      identity: { subject: 'ada', roles: ['operator', 'finance'], secondFactor: false },
    });
  });

  it('sees a second factor only in methods that are one', () => {
    const factor = (amr: unknown) => {
      const verdict = identityOf({ ...claims, amr });
      return verdict.ok && verdict.identity.secondFactor;
    };
    expect(factor(['pwd', 'otp'])).to.equal(true);
    expect(factor(['pwd'])).to.equal(false);
    expect(factor('otp')).to.equal(false);
  });

  for (const [title, wrong] of [
    ['without a subject', { sub: '' }],
    ['without an end', { exp: undefined }],
    ['valid for more than a day', { exp: 1000 + 86_401 }],
  ] as const) {
    it(`refuses a token ${title}`, () => {
      expect(identityOf({ ...claims, ...wrong }).ok).to.equal(false);
    });
  }
});

describe('withoutCost', () => {
  it('takes money out at any depth and leaves the rest', () => {
    expect(
      withoutCost({ a: 1, cost_impact: { net_savings: 3 }, list: [{ expected_cost: 1, workers: 2 }], none: null }),
    ).to.deep.equal({
      a: 1,
      list: [{ workers: 2 }],
      none: null,
    });
  });
});
