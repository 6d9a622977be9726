/**
 * How wide errors usually are, in the square-root domain: `slotFactors[slot] · (floor + root)^exponent`. Poisson noise
 * has exponent 0, errors in proportion to demand have 1; which one a series has is measured.
 */
export interface ErrorSpread {
  exponent: number;
  floor: number;
  /** Factor of each local day slot, 1 on average. */
  slotFactors: Float64Array;
}

/** Forecasts of a history from several origins. */
export interface ForecastSample {
  values: Float64Array;
  daySlots: Int32Array;
  origins: readonly number[];
  forecasts: readonly Float64Array[];
}

/** Quarters only; see `quarterPower`. */
const exponents = [0, 0.25, 0.5, 0.75, 1];
const floorShare = 0.2;
const sampledErrors = 4000;
/** Errors that a slot is credited with before any was seen, all of the usual width. */
const slotPrior = 10;
const oddFactor = 4;

export function spreadAt({ exponent, floor, slotFactors }: ErrorSpread, root: number, daySlot: number): number {
  return (slotFactors[daySlot] ?? 1) * quarterPower(floor + root, exponent);
}

/** `base ** exponent` for quarters from 0 to 1, several times faster than the general power. */
function quarterPower(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  if (exponent === 1) return base;
  const half = Math.sqrt(base);
  if (exponent === 0.5) return half;
  return exponent < 0.5 ? Math.sqrt(half) : half * Math.sqrt(half);
}

/** Calls back with each error (root of actual minus root of forecast), the root of the forecast and the day slot. */
export function eachError(
  { values, daySlots, origins, forecasts }: ForecastSample,
  { leadMin, leadMax, stride }: { leadMin: number; leadMax: number; stride: number },
  callback: (error: number, root: number, daySlot: number) => void,
): void {
  for (let i = 0; i < origins.length; i++) {
    const origin = origins[i] as number;
    const forecast = forecasts[i] as Float64Array;
    const last = Math.min(leadMax, forecast.length);
    for (let lead = leadMin; lead <= last; lead += stride) {
      const actual = values[origin + lead - 1] as number;
      if (Number.isNaN(actual)) continue;
      const root = Math.sqrt(forecast[lead - 1] as number);
      callback(Math.sqrt(actual) - root, root, daySlots[origin + lead - 1] as number);
    }
  }
}

/**
 * Chooses the exponent whose 95 % intervals score best on the sample, after measuring the factor of each time of day
 * for it.
 */
export function measureSpread(sample: ForecastSample, stepsPerDay: number): ErrorSpread {
  let rootSum = 0;
  let count = 0;
  eachError(sample, { leadMin: 1, leadMax: Infinity, stride: 1 }, (_, root) => {
    rootSum += root;
    count++;
  });
  const flat = { exponent: 0, floor: 0, slotFactors: new Float64Array(stepsPerDay).fill(1) };
  if (count < slotPrior || !(rootSum > 0)) return flat;
  const floor = floorShare * (rootSum / count);
  const every = { leadMin: 1, leadMax: Infinity, stride: Math.max(1, Math.round(count / sampledErrors)) };
  let best: ErrorSpread = flat;
  let bestScore = Infinity;
  for (const exponent of exponents) {
    const slotFactors = slotFactorsOf(sample, { exponent, floor, stepsPerDay, every });
    const candidate = { exponent, floor, slotFactors };
    const score = intervalScore(sample, candidate, every);
    if (score < bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/**
 * Mean score of intervals that hold 95 % of the sample, in rates: their width plus 40 times what falls outside.
 *
 * @see Gneiting & Raftery, Strictly proper scoring rules, prediction, and estimation, JASA 102 (2007), section 6.2
 */
function intervalScore(
  sample: ForecastSample,
  spread: ErrorSpread,
  every: { leadMin: number; leadMax: number; stride: number },
): number {
  const relative: number[] = [];
  const roots: number[] = [];
  const spreads: number[] = [];
  eachError(sample, every, (error, root, slot) => {
    const usual = spreadAt(spread, root, slot);
    relative.push(error / usual);
    roots.push(root);
    spreads.push(usual);
  });
  const sorted = Float64Array.from(relative).sort();
  const low = sorted[Math.floor(0.025 * (sorted.length - 1))] as number;
  const high = sorted[Math.ceil(0.975 * (sorted.length - 1))] as number;
  const squared = (root: number): number => (root > 0 ? root * root : 0);
  let score = 0;
  for (const [i, error] of relative.entries()) {
    const [root, usual] = [roots[i] as number, spreads[i] as number];
    const lower = squared(root + low * usual);
    const upper = squared(root + high * usual);
    const actual = squared(root + error * usual);
    score += upper - lower + 40 * (Math.max(0, lower - actual) + Math.max(0, actual - upper));
  }
  return score / relative.length;
}

/** One fault must not make its time of day uncertain for ever: beyond a few times the 90 % quantile a size is odd. */
function oddSize(sizes: readonly number[]): number {
  const sorted = Float64Array.from(sizes).sort();
  const high = sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 0;
  return high > 0 ? oddFactor * high : Infinity;
}

function slotFactorsOf(
  sample: ForecastSample,
  options: {
    exponent: number;
    floor: number;
    stepsPerDay: number;
    every: { leadMin: number; leadMax: number; stride: number };
  },
): Float64Array {
  const { exponent, floor, stepsPerDay, every } = options;
  const sums = new Float64Array(stepsPerDay);
  const counts = new Float64Array(stepsPerDay);
  const sizes: number[] = [];
  const slots: number[] = [];
  eachError(sample, every, (error, root, slot) => {
    sizes.push(Math.abs(error) / quarterPower(floor + root, exponent));
    slots.push(slot);
  });
  const limit = oddSize(sizes);
  let total = 0;
  for (const [i, slot] of slots.entries()) {
    const size = Math.min(sizes[i] as number, limit);
    sums[slot] = (sums[slot] as number) + size;
    counts[slot] = (counts[slot] as number) + 1;
    total += size;
  }
  if (!(total > 0)) return sums.fill(1);
  const mean = total / sizes.length;
  const reach = Math.max(1, Math.round(stepsPerDay / 24));
  const nearSums = circularWindows(sums, reach);
  const nearCounts = circularWindows(counts, reach);
  return sums.map(
    (_, slot) => (slotPrior * mean + (nearSums[slot] as number)) / (slotPrior + (nearCounts[slot] as number)) / mean,
  );
}

/** Sum of each element and its `reach` neighbours on both sides, where the last is the neighbour of the first. */
function circularWindows(values: Float64Array, reach: number): Float64Array {
  const count = values.length;
  if (2 * reach + 1 >= count) return new Float64Array(count).fill(values.reduce((sum, value) => sum + value, 0));
  const at = (index: number): number => values[(index + count) % count] as number;
  const windows = new Float64Array(count);
  let sum = 0;
  for (let offset = -reach; offset <= reach; offset++) sum += at(offset);
  for (let slot = 0; slot < count; slot++) {
    windows[slot] = sum;
    sum += at(slot + reach + 1) - at(slot - reach);
  }
  return windows;
}
