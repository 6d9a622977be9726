/**
 * Least squares that forgets: recursive, one update per observation, with a prior that holds until data say otherwise.
 *
 * The covariance is kept bounded by the prior's: where a feature is silent for long, forgetting alone would let its
 * entry grow without limit and the first noise that comes along would be believed.
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
const shrink = new Float64Array(32);

export interface LearningRules {
  /** Weight left to the past at each update, in (0, 1]. */
  forgetting: number;
  /** Least mean absolute error that is taken for usual: what chance alone makes. Above 0, or silence would end learning. */
  scaleMin: number;
  /** Largest variance of each weight. */
  varianceMax: readonly number[];
  /** A weight that is held within ± `limit`. */
  bounded: { feature: number; limit: number };
}

/** The usual error of a model, never less than what chance makes. */
export function usualError(model: Regression, scaleMin: number): number {
  return Math.max(model.scale, scaleMin);
}

/** Learns one truth. */
export function learn(
  model: Regression,
  features: Float32Array,
  offset: number,
  truth: number,
  { forgetting, scaleMin, varianceMax, bounded }: LearningRules,
): number {
  const { width, weights, covariance } = model;
  const error = truth - predict(model, features, offset);
  const magnitude = Math.abs(error);
  // The first errors set the scale; later ones move it slowly and cannot blow it up at once.
  if (model.updates < 30) model.scale += (magnitude - model.scale) / (model.updates + 1);
  else model.scale += 0.01 * (Math.min(magnitude, 6 * usualError(model, scaleMin)) - model.scale);
  model.updates += 1;
  const usual = usualError(model, scaleMin);
  const bound = 5 * usual;
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
  let denominator = forgetting * 1.5 * usual * usual;
  for (let i = 0; i < width; i++) denominator += (gain[i] as number) * (features[offset + i] as number);
  for (let i = 0; i < width; i++) weights[i] = (weights[i] as number) + ((gain[i] as number) / denominator) * clipped;
  for (let i = 0, at = 0; i < width; i++) {
    for (let j = i; j < width; j++, at++) {
      covariance[at] =
        ((covariance[at] as number) - ((gain[i] as number) * (gain[j] as number)) / denominator) / forgetting;
    }
  }
  boundVariances(model, varianceMax);
  boundWeight(model, bounded);
  return error;
}

/** Shrinks rows and columns together, so that the matrix stays a covariance. */
function boundVariances({ width, covariance }: Regression, varianceMax: readonly number[]): void {
  let above = false;
  for (let i = 0, diagonal = 0; i < width; diagonal += width - i, i++) {
    const variance = covariance[diagonal] as number;
    const limit = varianceMax[i] as number;
    above ||= variance > limit;
    shrink[i] = variance > limit ? Math.sqrt(limit / variance) : 1;
  }
  if (!above) return;
  for (let i = 0, at = 0; i < width; i++) {
    for (let j = i; j < width; j++, at++) {
      covariance[at] = (covariance[at] as number) * (shrink[i] as number) * (shrink[j] as number);
    }
  }
}

/** Holds one weight within its bounds; the next truths move the others to make up for it. */
function boundWeight({ weights }: Regression, { feature, limit }: LearningRules['bounded']): void {
  weights[feature] = Math.max(-limit, Math.min(limit, weights[feature] as number));
}
