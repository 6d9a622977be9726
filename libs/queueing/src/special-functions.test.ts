import { expect } from 'chai';
import fc from 'fast-check';
import { leastWhole, leastWholeByGap } from './least-whole.ts';
import { poissonMass } from './poisson-mass.ts';
import { betaExceedance, gammaExceedance, logGamma, normalExceedance, normalQuantile } from './special-functions.ts';

describe('special functions', () => {
  it('logGamma has factorials and Γ(½) = √π', () => {
    expect(logGamma(5)).to.be.closeTo(Math.log(24), 1e-12);
    expect(logGamma(0.5)).to.be.closeTo(0.5 * Math.log(Math.PI), 1e-12);
    expect(logGamma(0.1)).to.be.closeTo(2.252712651734206, 1e-11);
    expect(logGamma(101) / 363.73937555556347).to.be.closeTo(1, 1e-12);
  });

  it('gammaExceedance is exponential for shape 1 and Erlang for whole shapes', () => {
    for (const x of [0.01, 1, 5, 30]) {
      expect(gammaExceedance(1, x) / Math.exp(-x)).to.be.closeTo(1, 1e-10);
      expect(gammaExceedance(3, x) / (Math.exp(-x) * (1 + x + (x * x) / 2))).to.be.closeTo(1, 1e-10);
    }
    expect(gammaExceedance(2, 0)).to.equal(1);
  });

  it('betaExceedance is the tail of the binomial for whole shapes, and symmetric', () => {
    // P(Beta(k, n - k + 1) > x) = P(Binomial(n, x) < k): n = 10, k = 3, x = 0.2.
    expect(betaExceedance({ alpha: 3, beta: 8 }, 0.2)).to.be.closeTo(0.6777995264, 1e-12);
    expect(betaExceedance({ alpha: 1, beta: 1 }, 0.3)).to.be.closeTo(0.7, 1e-14);
    expect(betaExceedance({ alpha: 0.5, beta: 0.5 }, 0.25)).to.be.closeTo(2 / 3, 1e-12);
    for (const [alpha, beta, x] of [
      [0.02, 1.5, 0.05],
      [40, 900, 0.05],
      [1e6, 25, 0.99996],
    ] as const) {
      const mirrored = 1 - betaExceedance({ alpha: beta, beta: alpha }, 1 - x);
      expect(betaExceedance({ alpha, beta }, x)).to.be.closeTo(mirrored, 1e-9);
    }
  });

  it('normalExceedance and normalQuantile have the tabled values and invert each other', () => {
    expect(normalExceedance(1.959963984540054)).to.be.closeTo(0.025, 1e-13);
    expect(normalQuantile(0.975)).to.be.closeTo(1.959963984540054, 1e-10);
    expect(normalQuantile(1e-9)).to.be.closeTo(-5.997807015007687, 1e-8);
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (p) => {
        expect(1 - normalExceedance(normalQuantile(p))).to.be.closeTo(p, 1e-10);
      }),
    );
  });

  it('poissonMass adds up to 1 and keeps the ratio of neighbours at any size', () => {
    let sum = 0;
    for (let count = 0; count < 200; count++) sum += poissonMass({ count, mean: 60 });
    expect(sum).to.be.closeTo(1, 1e-13);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000_000 }),
        fc.double({ min: 0.9, max: 1.1, noNaN: true }),
        (count, ratio) => {
          const mean = count * ratio;
          const here = poissonMass({ count, mean });
          fc.pre(here > 1e-250);
          expect(poissonMass({ count: count + 1, mean }) / here / (mean / (count + 1))).to.be.closeTo(1, 1e-10);
        },
      ),
    );
  });
});

describe('leastWhole', () => {
  it('finds the first whole number that is enough, from any guess', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -50, max: 5000 }),
        fc.integer({ min: -100, max: 6000 }),
        fc.integer({ min: 1, max: 500 }),
        (answer, guess, step) => {
          expect(leastWhole((n) => n >= answer, { from: -50, upTo: 5000, guess, step })).to.equal(answer);
        },
      ),
    );
  });

  it('says when nothing in range is enough', () => {
    expect(leastWhole(() => false, { from: 0, upTo: 100, guess: 3 })).to.equal(undefined);
    expect(leastWhole(() => true, { from: 5, upTo: 4, guess: 3 })).to.equal(undefined);
    expect(leastWhole(() => true, { from: 5, upTo: 50, guess: 30 })).to.equal(5);
  });
});

describe('leastWholeByGap', () => {
  const answers = fc.integer({ min: -50, max: 5000 });
  const guesses = fc.integer({ min: -100, max: 6000 });

  it('finds the first whole number without a gap, straight or crooked, whatever slope was expected', () => {
    fc.assert(
      fc.property(
        answers,
        guesses,
        fc.double({ min: -5, max: -1e-3, noNaN: true }),
        fc.constantFrom(0.2, 1, 3),
        (answer, guess, slope, power) => {
          const gap = (n: number) => Math.sign(answer - 0.5 - n) * Math.abs(answer - 0.5 - n) ** power;
          expect(leastWholeByGap(gap, { from: -50, upTo: 5000, guess, slope })).to.equal(answer);
        },
      ),
    );
  });

  it('needs few evaluations where the gap is straight', () => {
    fc.assert(
      fc.property(answers, guesses, (answer, guess) => {
        let calls = 0;
        leastWholeByGap((n) => (calls++, answer - 0.5 - n), { from: -50, upTo: 5000, guess, slope: -1 });
        expect(calls).to.be.at.most(4);
      }),
    );
  });

  it('says when nothing in range is enough, and takes the first when all are', () => {
    expect(leastWholeByGap(() => 1, { from: 0, upTo: 100, guess: 3, slope: -0.1 })).to.equal(undefined);
    expect(leastWholeByGap(() => -1, { from: 5, upTo: 50, guess: 30, slope: -0.1 })).to.equal(5);
    expect(
      leastWholeByGap((n) => (n < 40 ? 1 : Number.NEGATIVE_INFINITY), { from: 5, upTo: 50, guess: 30, slope: -0.1 }),
    ).to.equal(40);
  });
});
