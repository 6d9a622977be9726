import { createRandomStream } from '@capplan/random';
import { expect } from 'chai';
import { type RegressionRows, robustRidge, solveInPlace } from './least-squares.ts';

function rowsOf(count: number, target: (x: number, y: number, i: number) => number): RegressionRows {
  const random = createRandomStream('rows');
  const rows = {
    count,
    width: 2,
    features: new Float64Array(2 * count),
    targets: new Float64Array(count),
    weights: new Float64Array(count).fill(1),
  };
  for (let i = 0; i < count; i++) {
    const [x, y] = [random.normal(), random.normal()];
    rows.features.set([x, y], 2 * i);
    rows.targets[i] = target(x, y, i);
  }
  return rows;
}

const prior = Float64Array.of(0, 0);
const light = Float64Array.of(1e-6, 1e-6);

describe('solveInPlace', () => {
  it('solves a symmetric system', () => {
    const b = Float64Array.of(9, 11);
    solveInPlace(Float64Array.of(4, 1, 1, 3), b);
    expect(b[0]).to.be.closeTo(16 / 11, 1e-12);
    expect(b[1]).to.be.closeTo(35 / 11, 1e-12);
  });
});

describe('robustRidge', () => {
  it('finds the coefficients of a plane', () => {
    const answer = robustRidge(
      rowsOf(200, (x, y) => 2 * x - y),
      { prior, penalties: light, rounds: 3 },
    );
    expect(answer[0]).to.be.closeTo(2, 1e-4);
    expect(answer[1]).to.be.closeTo(-1, 1e-4);
  });

  it('is moved little by a few wild rows that would upset least squares', () => {
    const wild = rowsOf(200, (x, y, i) => 2 * x - y + 0.1 * Math.sin(i) + (i % 20 === 0 ? 50 * Math.sign(x) : 0));
    const plain = robustRidge(wild, { prior, penalties: light, rounds: 1 });
    const robust = robustRidge(wild, { prior, penalties: light, rounds: 8 });
    expect(Math.abs((plain[0] as number) - 2)).to.be.above(1);
    expect(Math.abs((robust[0] as number) - 2)).to.be.below(0.1);
  });

  it('stays at the prior when the penalty outweighs the rows', () => {
    const heavy = Float64Array.of(1e9, 1e9);
    const answer = robustRidge(
      rowsOf(50, (x) => 5 * x),
      { prior: Float64Array.of(1, 3), penalties: heavy, rounds: 2 },
    );
    expect(answer[0]).to.be.closeTo(1, 1e-4);
    expect(answer[1]).to.be.closeTo(3, 1e-4);
  });
});
