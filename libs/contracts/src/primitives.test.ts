import { expect } from 'chai';
import fc from 'fast-check';
import Type from 'typebox';
import { durationSec, durationText, strict } from './primitives.ts';
import { check } from './validation.ts';

describe('durationSec', () => {
  it('reads every unit', () => {
    expect(['250ms', '2.1s', '15m', '24h', '7d'].map(durationSec)).to.deep.equal([0.25, 2.1, 900, 86_400, 604_800]);
  });

  it('is NaN for anything else', () => {
    for (const text of ['', '5', 's', '-1s', '1w', '5 s']) expect(durationSec(text)).to.be.NaN;
  });

  it('is undone by durationText to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 604_800_000 }), (ms) => {
        expect(durationSec(durationText(ms / 1000))).to.be.closeTo(ms / 1000, 1e-9);
      }),
    );
  });
});

describe('strict', () => {
  const inner = Type.Object({ name: Type.String() });
  const schema = Type.Object({ inner: Type.Optional(inner), list: Type.Optional(Type.Array(inner)) });

  it('refuses an unknown field wherever it stands, and names its place', () => {
    const verdict = check(strict(schema), { list: [{ name: 'a', nmae: 'b' }] });
    expect(verdict.ok).to.equal(false);
    if (!verdict.ok) expect(verdict.problems.join()).to.contain('/list/0');
  });

  it('leaves the schema itself open', () => {
    strict(schema);
    expect(check(schema, { inner: { name: 'a', more: 1 } }).ok).to.equal(true);
  });

  it('keeps optional fields optional', () => {
    expect(check(strict(schema), {}).ok).to.equal(true);
  });
});
