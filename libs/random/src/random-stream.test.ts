import { expect } from 'chai';
import { createRandomStream } from './random-stream.ts';

describe('createRandomStream', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number) => {
      const stream = createRandomStream(seed);
      return Array.from({ length: 5 }, () => stream.next());
    };
    expect(draw(1)).to.deep.equal(draw(1));
    expect(draw(1)).to.not.deep.equal(draw(2));
  });

  it('forks to the same stream however much was drawn before', () => {
    const early = createRandomStream('seed').fork('arrivals').next();
    const parent = createRandomStream('seed');
    for (let i = 0; i < 100; i++) parent.next();
    expect(parent.fork('arrivals').next()).to.equal(early);
  });

  it('has the moments of the distributions it names', () => {
    const stream = createRandomStream(3);
    const n = 200_000;
    const mean = (draw: () => number) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += draw();
      return sum / n;
    };
    expect(mean(() => stream.next())).to.be.closeTo(0.5, 0.005);
    expect(mean(() => stream.normal())).to.be.closeTo(0, 0.01);
    expect(mean(() => stream.normal() ** 2)).to.be.closeTo(1, 0.02);
    expect(mean(() => stream.exponential(4))).to.be.closeTo(4, 0.05);
    expect(mean(() => stream.integer(10))).to.be.closeTo(4.5, 0.05);
  });
});
