/**
 * Solves `A x = b` for a symmetric positive definite `A` (row-major, lower triangle read) by Cholesky decomposition.
 * Both are overwritten; the answer stands in `b`.
 */
export function solveInPlace(a: Float64Array, b: Float64Array): void {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (a[i * n + k] as number) * (a[j * n + k] as number);
      a[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / (a[j * n + j] as number);
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (a[i * n + k] as number) * (b[k] as number);
    b[i] = sum / (a[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] as number;
    for (let k = i + 1; k < n; k++) sum -= (a[k * n + i] as number) * (b[k] as number);
    b[i] = sum / (a[i * n + i] as number);
  }
}

/** Rows of a regression: `features` is row-major with `width` columns. */
export interface RegressionRows {
  count: number;
  width: number;
  features: Float64Array;
  targets: Float64Array;
  weights: Float64Array;
}

/**
 * Weighted ridge regression towards a prior, made robust by reweighting: rows far off count by the inverse of their
 * error, which pulls the answer from the mean towards the median.
 *
 * @param penalties pull of each coefficient towards its prior, in rows
 * @see Holland & Welsch, Robust regression using iteratively reweighted least-squares, 1977
 */
export function robustRidge(
  rows: RegressionRows,
  { prior, penalties, rounds }: { prior: Float64Array; penalties: Float64Array; rounds: number },
): Float64Array {
  const { count, width, features, targets } = rows;
  const weights = rows.weights.slice(0, count);
  const errors = new Float64Array(count);
  const normal = new Float64Array(width * width);
  let answer = prior.slice();
  for (let round = 0; round < rounds; round++) {
    normal.fill(0);
    const right = new Float64Array(width);
    let total = 0;
    for (let row = 0; row < count; row++) {
      const weight = weights[row] as number;
      const target = targets[row] as number;
      const offset = row * width;
      total += weight;
      for (let i = 0; i < width; i++) {
        const scaled = weight * (features[offset + i] as number);
        right[i] = (right[i] as number) + scaled * target;
        for (let j = 0; j <= i; j++) {
          normal[i * width + j] = (normal[i * width + j] as number) + scaled * (features[offset + j] as number);
        }
      }
    }
    for (let i = 0; i < width; i++) {
      const meanSquare = total > 0 ? (normal[i * width + i] as number) / total : 1;
      const pull = (penalties[i] as number) * meanSquare + 1e-9;
      normal[i * width + i] = (normal[i * width + i] as number) + pull;
      right[i] = (right[i] as number) + pull * (prior[i] as number);
    }
    solveInPlace(normal, right);
    answer = right;
    if (round < rounds - 1) reweight(rows, answer, errors, weights);
  }
  return answer;
}

function reweight(rows: RegressionRows, answer: Float64Array, errors: Float64Array, weights: Float64Array): void {
  const { count, width, features, targets } = rows;
  for (let row = 0; row < count; row++) {
    let error = targets[row] as number;
    for (let i = 0; i < width; i++) error -= (features[row * width + i] as number) * (answer[i] as number);
    errors[row] = Math.abs(error);
  }
  const stride = Math.max(1, Math.floor(count / 256));
  const sample = Float64Array.from(
    { length: Math.ceil(count / stride) },
    (_, i) => errors[i * stride] as number,
  ).sort();
  const middle = (sample[sample.length >> 1] ?? 0) * 0.7 + 1e-12;
  for (let row = 0; row < count; row++) {
    weights[row] = (rows.weights[row] as number) * Math.min(1, middle / ((errors[row] as number) + 1e-15));
  }
}
