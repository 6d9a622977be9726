import { expect } from 'chai';
import { isCapacityError } from './errors.ts';
import { isWellFormed, readJson, wellFormed } from './read-json.ts';

describe('readJson', () => {
  const refusal = (text: string): string => {
    try {
      readJson(text);
    } catch (error) {
      if (isCapacityError(error, 'invalid_input')) return error.message;
    }
    return '';
  };
  const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);

  it('reads what JSON.parse reads', () => {
    for (const text of ['null', '"\\ud83d\\ude00 😀"', '{"a":[1,{"b":"x"}],"proto":"__proto__ in a text"}']) {
      expect(readJson(text)).to.deep.equal(JSON.parse(text));
    }
  });

  it('refuses a lone surrogate and NUL wherever they stand, with the place', () => {
    expect(refusal('{"a":["x","\\ud800"]}')).to.contain('/a/1').and.to.contain('well-formed');
    expect(refusal('{"a":"\\uDFFF\\ud800"}')).to.contain('/a');
    expect(refusal('{"a":"\\u0000"}')).to.contain('/a');
    expect(refusal('{"\\ud800":1}')).to.contain('(root)');
  });

  it('refuses a field named __proto__, written plainly or not', () => {
    expect(refusal('{"a":{"__proto__":{}}}')).to.contain('/a');
    expect(refusal('{"\\u005f_proto__":{}}')).to.contain('(root)');
  });

  it('refuses what is nested deeper than 32, and takes brackets within texts for what they are', () => {
    expect(refusal(nested(32))).to.equal('');
    expect(refusal(nested(34))).to.contain('deeper than 32');
    expect(refusal('['.repeat(200_000) + ']'.repeat(200_000))).to.contain('deeper than 32');
    expect(refusal(JSON.stringify('['.repeat(100)))).to.equal('');
  });

  it('refuses what is not JSON', () => {
    for (const text of ['', '{"a":', 'NaN', '{"a":1}x', '\u0000']) expect(refusal(text)).to.contain('not JSON');
  });
});

describe('wellFormed', () => {
  it('replaces what cannot be sent, and nothing else', () => {
    expect(wellFormed('a\ud800b😀\0')).to.equal('a\ufffdb😀\ufffd');
    expect(isWellFormed(wellFormed('\udc00\ud800'))).to.equal(true);
  });
});
