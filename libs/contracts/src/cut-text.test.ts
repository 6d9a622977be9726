import { expect } from 'chai';
import { cutText } from './cut-text.ts';

describe('cutText', () => {
  it('gives a text back that is short enough', () => {
    expect(cutText('', 0)).to.equal('');
    expect(cutText('four', 4)).to.equal('four');
  });

  it('never leaves half a character at the end', () => {
    expect(cutText('ab😀cd', 2)).to.equal('ab');
    expect(cutText('ab😀cd', 3)).to.equal('ab');
    expect(cutText('ab😀cd', 4)).to.equal('ab😀');
    expect(cutText('😀', 1)).to.equal('');
  });
});
