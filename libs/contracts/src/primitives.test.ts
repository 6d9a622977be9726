import { expect } from 'chai';
import fc from 'fast-check';
import Type from 'typebox';
import { durationSec, durationText, strict, Timestamp } from './primitives.ts';
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

describe('Timestamp', () => {
  const problems = (text: string): string => {
    const verdict = check(Timestamp, text);
    return verdict.ok ? '' : verdict.problems.join();
  };

  it('knows the calendar', () => {
    for (const day of ['2024-02-29', '2000-02-29', '2026-12-31', '2026-04-30']) {
      expect(problems(`${day}T00:00:00Z`), day).to.equal('');
    }
    for (const day of ['2026-02-30', '2026-02-29', '1900-02-29', '2026-13-01', '2026-00-01', '2026-04-31']) {
      expect(problems(`${day}T00:00:00Z`), day).to.contain('a day that exists');
    }
  });

  it('knows the clock', () => {
    expect(problems('2026-01-01T23:59:59.999Z')).to.equal('');
    for (const time of ['24:00:00', '00:60:00', '00:00:61']) expect(problems(`2026-01-01T${time}Z`)).to.not.equal('');
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
