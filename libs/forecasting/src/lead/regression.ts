/**
 * Least squares that forgets: recursive, one update per observation, with a prior that holds until data say otherwise.
 *
 * The covariance is kept bounded: where a feature is silent for long, forgetting alone would let its entry grow
 * without limit and the first noise that comes along would be believed.
 *
 * Source: Ljung & Söderström, Theory and Practice of Recursive Identification (1983), ch. 2.
 */
export interface Regression {
  readonly width: number;
  weights: Float64Array;
  /** Covariance of the weights, symmetric: its upper triangle, row by row. */
  covariance: Float64Array;
  /** Smoothed absolute error, the scale by which outliers are clipped. */
  scale: number;
  updates: number;
}

export function createRegression(prior: readonly number[], uncertainty: readonly number[]): Regression {
  const width = prior.length;
  const covariance = new Float64Array((width * (width + 1)) / 2);
  for (let i = 0, diagonal = 0; i < width; diagonal += width - i, i++) covariance[diagonal] = uncertainty[i] as number;
  return { width, weights: Float64Array.from(prior), covariance, scale: 0, updates: 0 };
}

/** The forecast of one feature vector that starts at `offset`. */
export function predict(model: Regression, features: Float32Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < model.width; i++) sum += (model.weights[i] as number) * (features[offset + i] as number);
  return sum;
}

const gain = new Float64Array(32);

/**
 * Learns one truth.
 *
 * @param forgetting weight left to the past at each update, in (0, 1]
 */
export function learn(
  model: Regression,
  features: Float32Array,
  offset: number,
  truth: number,
  forgetting: number,
): number {
  const { width, weights, covariance } = model;
  const error = truth - predict(model, features, offset);
  const magnitude = Math.abs(error);
  // The first errors set the scale; later ones move it slowly and cannot blow it up at once.
  if (model.updates < 30) model.scale += (magnitude - model.scale) / (model.updates + 1);
  else model.scale += 0.01 * (Math.min(magnitude, 6 * model.scale + 1e-9) - model.scale);
  model.updates += 1;
  const bound = 5 * model.scale + 1e-9;
  const clipped = error > bound ? bound : error < -bound ? -bound : error;

  for (let i = 0; i < width; i++) gain[i] = 0;
  for (let i = 0, at = 0; i < width; i++) {
    gain[i] = (gain[i] as number) + (covariance[at++] as number) * (features[offset + i] as number);
    for (let j = i + 1; j < width; j++) {
      const value = covariance[at++] as number;
      gain[i] = (gain[i] as number) + value * (features[offset + j] as number);
      gain[j] = (gain[j] as number) + value * (features[offset + i] as number);
    }
  }
  // The covariance is that of the weights themselves, so the noise of a truth enters in its own units.
  let denominator = forgetting * Math.max(1.5 * model.scale * model.scale, 1e-12);
  for (let i = 0; i < width; i++) denominator += (gain[i] as number) * (features[offset + i] as number);
  for (let i = 0; i < width; i++) weights[i] = (weights[i] as number) + ((gain[i] as number) / denominator) * clipped;
  for (let i = 0, at = 0; i < width; i++) {
    for (let j = i; j < width; j++, at++) {
      covariance[at] =
        ((covariance[at] as number) - ((gain[i] as number) * (gain[j] as number)) / denominator) / forgetting;
    }
  }
  return error;
}
