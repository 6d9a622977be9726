import type { RandomStream } from '@capplan/random';
import { logGamma } from './estimate.ts';
import { FastRandom } from './fast-random.ts';
import type { ServiceSource } from './job-queue.ts';

/**
 * How long a job holds a slot (or a worker takes to start, or a job is willing to wait). Means in seconds; `scv` is
 * the squared coefficient of variation, variance over squared mean.
 */
export type Distribution =
  | { kind: 'deterministic'; meanSec: number }
  | { kind: 'exponential'; meanSec: number }
  | { kind: 'erlang'; meanSec: number; phases: number }
  /** Two exponential branches with balanced means: each carries half of the work. */
  | { kind: 'hyperexponential'; meanSec: number; scv: number }
  | { kind: 'gamma'; meanSec: number; scv: number }
  | { kind: 'lognormal'; meanSec: number; scv: number }
  | { kind: 'weibull'; meanSec: number; shape: number }
  /** Pareto with tail exponent `alpha`, cut off on both sides. */
  | { kind: 'pareto'; alpha: number; minSec: number; maxSec: number }
  /** Given by a quantile table: `values[i]` is the i / (n − 1) quantile, straight lines in between. */
  | { kind: 'quantiles'; valuesSec: readonly number[] }
  /** One of these, each with the same chance. */
  | { kind: 'samples'; valuesSec: readonly number[] }
  /** Measured in bins: uniform inside a bin, bins by weight. */
  | { kind: 'bins'; bins: readonly { lowSec: number; highSec: number; weight: number }[] };

/**
 * Opens a seeded source of times from a distribution.
 *
 * @throws RangeError for parameters outside their range, naming the parameter
 * @example createServiceSource({ kind: 'lognormal', meanSec: 2, scv: 4 }, createRandomStream(1))
 */
export function createServiceSource(distribution: Distribution, stream: RandomStream): ServiceSource {
  const { meanSec, scv } = momentsOf(distribution);
  const fill = fillerOf(distribution, new FastRandom(stream));
  return { meanSec, scv, fill };
}

type Fill = ServiceSource['fill'];

/** Mean and squared coefficient of variation, exact. */
export function momentsOf(distribution: Distribution): { meanSec: number; scv: number } {
  switch (distribution.kind) {
    case 'deterministic':
      return { meanSec: nonNegative(distribution.meanSec, 'meanSec'), scv: 0 };
    case 'exponential':
      return { meanSec: nonNegative(distribution.meanSec, 'meanSec'), scv: 1 };
    case 'erlang':
      if (!Number.isInteger(distribution.phases) || distribution.phases < 1 || distribution.phases > 1000) {
        throw new RangeError(`phases must be a whole number from 1 to 1000: ${distribution.phases}`);
      }
      return { meanSec: nonNegative(distribution.meanSec, 'meanSec'), scv: 1 / distribution.phases };
    case 'hyperexponential':
      if (!(distribution.scv >= 1)) throw new RangeError(`scv must be at least 1 here: ${distribution.scv}`);
      return { meanSec: nonNegative(distribution.meanSec, 'meanSec'), scv: distribution.scv };
    case 'gamma':
    case 'lognormal':
      if (!(distribution.scv > 0)) throw new RangeError(`scv must be above 0 here: ${distribution.scv}`);
      return { meanSec: nonNegative(distribution.meanSec, 'meanSec'), scv: distribution.scv };
    case 'weibull': {
      const { shape } = distribution;
      if (!(shape >= 0.1 && shape <= 100)) throw new RangeError(`shape must be from 0.1 to 100: ${shape}`);
      const scv = Math.exp(logGamma(1 + 2 / shape) - 2 * logGamma(1 + 1 / shape)) - 1;
      return { meanSec: nonNegative(distribution.meanSec, 'meanSec'), scv };
    }
    case 'pareto': {
      const first = paretoMoment(distribution, 1);
      return { meanSec: first, scv: paretoMoment(distribution, 2) / first ** 2 - 1 };
    }
    case 'quantiles':
      return binMoments(tableBins(distribution.valuesSec));
    case 'samples':
      return binMoments(checkedSamples(distribution.valuesSec).map((v) => ({ lowSec: v, highSec: v, weight: 1 })));
    case 'bins':
      return binMoments(distribution.bins);
  }
}

function fillerOf(distribution: Distribution, random: FastRandom): Fill {
  switch (distribution.kind) {
    case 'deterministic':
      return (out, from, to) => {
        out.fill(distribution.meanSec, from, to);
      };
    case 'exponential':
      return (out, from, to) => random.fillExponential(out, from, to, distribution.meanSec);
    case 'erlang':
      return erlangFiller(distribution.meanSec, distribution.phases, random);
    case 'hyperexponential':
      return hyperexponentialFiller(distribution, random);
    case 'gamma':
      return gammaFiller(distribution, random);
    case 'lognormal': {
      const sigma = Math.sqrt(Math.log1p(distribution.scv));
      const mu = Math.log(distribution.meanSec) - 0.5 * sigma * sigma;
      return (out, from, to) => {
        random.fillNormal(out, from, to);
        for (let i = from; i < to; i++) out[i] = Math.exp(mu + sigma * out[i]!);
      };
    }
    case 'weibull': {
      const scale = distribution.meanSec / Math.exp(logGamma(1 + 1 / distribution.shape));
      const power = 1 / distribution.shape;
      return (out, from, to) => {
        random.fillExponential(out, from, to, 1);
        for (let i = from; i < to; i++) out[i] = scale * out[i]! ** power;
      };
    }
    case 'pareto': {
      const { alpha, minSec, maxSec } = distribution;
      const cut = 1 - (minSec / maxSec) ** alpha;
      return (out, from, to) => {
        for (let i = from; i < to; i++) out[i] = minSec * (1 - cut * random.uniform()) ** (-1 / alpha);
      };
    }
    case 'quantiles':
      return binFiller(tableBins(distribution.valuesSec), random);
    case 'samples': {
      const values = Float64Array.from(checkedSamples(distribution.valuesSec));
      return (out, from, to) => {
        for (let i = from; i < to; i++) out[i] = values[Math.floor(random.uniform() * values.length)]!;
      };
    }
    case 'bins':
      return binFiller(distribution.bins, random);
  }
}

function erlangFiller(meanSec: number, phases: number, random: FastRandom): Fill {
  const block = new Float64Array(1024);
  return (out, from, to) => {
    out.fill(0, from, to);
    for (let start = from; start < to; start += block.length) {
      const size = Math.min(block.length, to - start);
      for (let phase = 0; phase < phases; phase++) {
        random.fillExponential(block, 0, size, meanSec / phases);
        for (let i = 0; i < size; i++) out[start + i]! += block[i]!;
      }
    }
  };
}

function hyperexponentialFiller({ meanSec, scv }: { meanSec: number; scv: number }, random: FastRandom): Fill {
  const share = 0.5 * (1 + Math.sqrt((scv - 1) / (scv + 1)));
  const often = meanSec / (2 * share);
  const seldom = meanSec / (2 * (1 - share));
  return (out, from, to) => {
    random.fillExponential(out, from, to, 1);
    for (let i = from; i < to; i++) out[i]! *= random.uniform() < share ? often : seldom;
  };
}

/** Marsaglia & Tsang (2000), "A simple method for generating gamma variables", ACM TOMS 26(3). */
function gammaFiller({ meanSec, scv }: { meanSec: number; scv: number }, random: FastRandom): Fill {
  const shape = 1 / scv;
  const raised = shape < 1 ? shape + 1 : shape;
  const d = raised - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const one = (): number => {
    for (;;) {
      const x = random.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      const u = random.uniform();
      if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return (out, from, to) => {
    for (let i = from; i < to; i++) {
      const boost = shape < 1 ? random.uniform() ** (1 / shape) : 1;
      out[i] = one() * boost * meanSec * scv;
    }
  };
}

interface Bin {
  lowSec: number;
  highSec: number;
  weight: number;
}

/** Walker's alias method (1977): one uniform picks the bin in constant time, another the place in it. */
function binFiller(bins: readonly Bin[], random: FastRandom): Fill {
  const used = bins.filter(({ weight }) => weight > 0);
  const size = used.length;
  const total = used.reduce((sum, { weight }) => sum + weight, 0);
  const chance = Float64Array.from(used, ({ weight }) => (weight / total) * size);
  const alias = new Int32Array(size);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < size; i++) (chance[i]! < 1 ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large.at(-1)!;
    alias[poor] = rich;
    chance[rich]! -= 1 - chance[poor]!;
    if (chance[rich]! < 1) small.push(large.pop()!);
  }
  for (const rest of [...small, ...large]) chance[rest] = 1;
  const low = Float64Array.from(used, ({ lowSec }) => lowSec);
  const width = Float64Array.from(used, ({ lowSec, highSec }) => highSec - lowSec);
  return (out, from, to) => {
    for (let i = from; i < to; i++) {
      const place = random.uniform() * size;
      const column = Math.floor(place);
      const bin = place - column < chance[column]! ? column : alias[column]!;
      out[i] = low[bin]! + width[bin]! * random.uniform();
    }
  };
}

function tableBins(valuesSec: readonly number[]): Bin[] {
  checkedSamples(valuesSec);
  if (valuesSec.length < 2) throw new RangeError('valuesSec needs at least two quantiles');
  return valuesSec.slice(1).map((highSec, i) => {
    const lowSec = valuesSec[i]!;
    if (highSec < lowSec) throw new RangeError(`valuesSec must ascend: ${highSec} follows ${lowSec}`);
    return { lowSec, highSec, weight: 1 };
  });
}

function binMoments(bins: readonly Bin[]): { meanSec: number; scv: number } {
  let total = 0;
  let first = 0;
  let second = 0;
  for (const { lowSec, highSec, weight } of bins) {
    if (!(lowSec >= 0 && highSec >= lowSec && weight >= 0 && Number.isFinite(highSec * weight))) {
      throw new RangeError(`a bin must have 0 ≤ lowSec ≤ highSec and weight ≥ 0: ${lowSec}, ${highSec}, ${weight}`);
    }
    total += weight;
    first += (weight * (lowSec + highSec)) / 2;
    second += (weight * (lowSec * lowSec + lowSec * highSec + highSec * highSec)) / 3;
  }
  if (!(total > 0)) throw new RangeError('bins must have some weight');
  const meanSec = first / total;
  return { meanSec, scv: meanSec > 0 ? Math.max(0, second / total / meanSec ** 2 - 1) : 0 };
}

function checkedSamples(valuesSec: readonly number[]): readonly number[] {
  if (valuesSec.length === 0) throw new RangeError('valuesSec must not be empty');
  for (const value of valuesSec) nonNegative(value, 'valuesSec');
  return valuesSec;
}

function nonNegative(value: number, name: string): number {
  if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${name} must be a number of at least 0: ${value}`);
  return value;
}

/** Moment of the Pareto distribution cut off on both sides. */
function paretoMoment({ alpha, minSec, maxSec }: { alpha: number; minSec: number; maxSec: number }, order: 1 | 2) {
  if (!(alpha > 0 && alpha <= 100)) throw new RangeError(`alpha must be above 0 and at most 100: ${alpha}`);
  if (!(minSec > 0 && maxSec > minSec)) throw new RangeError(`pareto needs 0 < minSec < maxSec: ${minSec}, ${maxSec}`);
  const norm = (alpha * minSec ** alpha) / (1 - (minSec / maxSec) ** alpha);
  if (Math.abs(order - alpha) < 1e-9) return norm * Math.log(maxSec / minSec);
  return (norm * (maxSec ** (order - alpha) - minSec ** (order - alpha))) / (order - alpha);
}
