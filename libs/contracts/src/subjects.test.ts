import { expect } from 'chai';
import fc from 'fast-check';
import { eventSubject, ingestSubject, keyOfTokens, keyTokens, requestSubject, splitSubject } from './subjects.ts';

const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,30}$/);
const key = fc.tuple(name, name).map(([namespace, pool]) => `${namespace}/${pool}`);

describe('subjects', () => {
  it('give back every key they were built from, dots included', () => {
    fc.assert(
      fc.property(key, (k) => {
        expect(keyOfTokens(keyTokens(k))).to.equal(k);
        expect(splitSubject(eventSubject('plan.proposed', k))).to.deep.equal({
          plane: 'evt',
          type: 'plan.proposed',
          version: 1,
          key: k,
        });
        expect(splitSubject(ingestSubject('job', k))?.key).to.equal(k);
        expect(splitSubject(requestSubject('plan.get', k))?.plane).to.equal('qry');
        expect(splitSubject(requestSubject('plan.apply', k))?.plane).to.equal('cmd');
      }),
    );
  });

  it('never part a key into more tokens than two', () => {
    fc.assert(
      fc.property(key, (k) => {
        expect(eventSubject('load.observed', k).split('.')).to.have.length(7);
      }),
    );
  });

  for (const bad of ['nothing', '/pool', 'shop/', 'shop/a b', 'shop/*', 'shop/a>b', 'shop/a=b']) {
    it(`refuse the key '${bad}'`, () => {
      expect(() => keyTokens(bad)).to.throw(RangeError);
    });
  }

  it('of somebody else are not taken apart', () => {
    expect(splitSubject('orders.created.shop.checkout')).to.equal(undefined);
    expect(splitSubject('capacity.evt.plan.proposed.v1.shop')).to.equal(undefined);
  });
});
