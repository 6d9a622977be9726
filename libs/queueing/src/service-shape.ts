import { requireService, type ServiceDistribution, serviceMeanSec, serviceScv } from './service-distribution.ts';
import { gammaExceedance, normalExceedance, normalQuantile } from './special-functions.ts';

/**
 * A service distribution with its mean scaled to 1. Everything the queueing formulas ask of it.
 *
 * Time x is in mean service times.
 */
export interface ServiceShape {
  readonly scv: number;
  /** P(S > x). */
  exceedance(x: number): number;
  /** P(Sₑ > x) = ∫ₓ P(S > t) dt: what is left of the job in service, seen at a random moment, exceeds x. */
  residualExceedance(x: number): number;
  /** The service time that a share p does not exceed, p in [0, 1). */
  quantile(p: number): number;
}

/**
 * The shape of a distribution; made once for each, then remembered.
 *
 * @throws RangeError for a distribution that cannot be
 */
export function serviceShape(service: ServiceDistribution): ServiceShape {
  const known = shapeOf.get(service);
  if (known) return known;
  requireService(service);
  const shape = service.kind === 'measured' ? measuredShape(service) : rememberedByKey(service);
  shapeOf.set(service, shape);
  return shape;
}

/** P(S > t), t in seconds. */
export function serviceExceedance(service: ServiceDistribution, sec: number): number {
  return sec < 0 ? 1 : serviceShape(service).exceedance(sec / serviceMeanSec(service));
}

/** P(S ≤ t), t in seconds. */
export function serviceCdf(service: ServiceDistribution, sec: number): number {
  return 1 - serviceExceedance(service, sec);
}

/** P(Sₑ > t): the chance that the job in service at a random moment still needs more than t seconds. */
export function serviceResidualExceedance(service: ServiceDistribution, sec: number): number {
  return sec <= 0 ? 1 : serviceShape(service).residualExceedance(sec / serviceMeanSec(service));
}

/** The service time in seconds that a share p in [0, 1) of jobs does not exceed. */
export function serviceQuantileSec(service: ServiceDistribution, p: number): number {
  return serviceShape(service).quantile(p) * serviceMeanSec(service);
}

const shapeOf = new WeakMap<ServiceDistribution, ServiceShape>();
const shapeByKey = new Map<string, ServiceShape>();

/** Bounded, because a stream of requests may bring a new scv in each line. */
const KEYS_MAX = 1000;

function rememberedByKey(service: Exclude<ServiceDistribution, { kind: 'measured' }>): ServiceShape {
  const key = `${service.kind}:${serviceScv(service)}`;
  let shape = shapeByKey.get(key);
  if (!shape) {
    shape = parametricShape(service);
    if (shapeByKey.size >= KEYS_MAX) shapeByKey.clear();
    shapeByKey.set(key, shape);
  }
  return shape;
}

function parametricShape(service: Exclude<ServiceDistribution, { kind: 'measured' }>): ServiceShape {
  const scv = serviceScv(service);
  if (scv === 0) return deterministicShape;
  switch (service.kind) {
    case 'hyperexponential':
      return scv === 1 ? exponentialShape : hyperexponentialShape(scv);
    case 'lognormal':
      return lognormalShape(scv);
    default:
      return scv === 1 ? exponentialShape : gammaShape(scv);
  }
}

const exponentialShape: ServiceShape = {
  scv: 1,
  exceedance: (x) => Math.exp(-x),
  residualExceedance: (x) => Math.exp(-x),
  quantile: (p) => -Math.log1p(-p),
};

const deterministicShape: ServiceShape = {
  scv: 0,
  exceedance: (x) => (x < 1 ? 1 : 0),
  residualExceedance: (x) => Math.max(0, 1 - x),
  quantile: () => 1,
};

/** Erlang and gamma: shape k = 1/scv, rate k. */
function gammaShape(scv: number): ServiceShape {
  const k = 1 / scv;
  const exceedance = (x: number) => gammaExceedance(k, k * x);
  return {
    scv,
    exceedance,
    residualExceedance: (x) => Math.max(0, gammaExceedance(k + 1, k * x) - x * exceedance(x)),
    quantile: (p) => invert(exceedance, p),
  };
}

/** Two exponentials whose shares of the load are equal ("balanced means"). */
function hyperexponentialShape(scv: number): ServiceShape {
  const share = 0.5 * (1 + Math.sqrt((scv - 1) / (scv + 1)));
  const fast = 2 * share;
  const slow = 2 * (1 - share);
  const exceedance = (x: number) => share * Math.exp(-fast * x) + (1 - share) * Math.exp(-slow * x);
  return {
    scv,
    exceedance,
    residualExceedance: (x) => 0.5 * (Math.exp(-fast * x) + Math.exp(-slow * x)),
    quantile: (p) => invert(exceedance, p),
  };
}

function lognormalShape(scv: number): ServiceShape {
  const σ = Math.sqrt(Math.log1p(scv));
  const standard = (x: number) => (Math.log(x) + (σ * σ) / 2) / σ;
  const exceedance = (x: number) => (x <= 0 ? 1 : normalExceedance(standard(x)));
  return {
    scv,
    exceedance,
    residualExceedance: (x) =>
      x <= 0 ? 1 : Math.max(0, normalExceedance(standard(x) - σ) - x * normalExceedance(standard(x))),
    quantile: (p) => (p <= 0 ? 0 : Math.exp(σ * normalQuantile(p) - (σ * σ) / 2)),
  };
}

/** Steps at the values that were seen; a sketch is a list of weighted values. */
function measuredShape(service: Extract<ServiceDistribution, { kind: 'measured' }>): ServiceShape {
  const mean = serviceMeanSec(service);
  const { values, weights } = 'sketch' in service ? sketchPoints(service.sketch) : samplePoints(service.samples);
  const n = values.length;
  const counted = weights.reduce((sum, weight) => sum + weight, 0);
  let represented = 0;
  for (let i = 0; i < n; i++) represented += (values[i] as number) * (weights[i] as number);
  // The mean of the representatives differs from the exact mean by up to the sketch's error; the exact one rules.
  const scale = counted / represented;
  // beyond[i] and workBeyond[i]: weight of, and sum over, the values from i on.
  const beyond = new Float64Array(n + 1);
  const workBeyond = new Float64Array(n + 1);
  for (let i = n - 1; i >= 0; i--) {
    values[i] = (values[i] as number) * scale;
    const weight = (weights[i] as number) / counted;
    beyond[i] = (beyond[i + 1] as number) + weight;
    workBeyond[i] = (workBeyond[i + 1] as number) + weight * (values[i] as number);
  }
  const firstAbove = (x: number) => {
    let low = 0;
    let high = n;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) > x) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    scv: mean > 0 ? serviceScv(service) : 0,
    exceedance: (x) => beyond[firstAbove(x)] as number,
    residualExceedance: (x) => {
      if (x <= 0) return 1;
      const i = firstAbove(x);
      return Math.max(0, (workBeyond[i] as number) - x * (beyond[i] as number));
    },
    quantile: (p) => {
      let low = 0;
      let high = n - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((beyond[middle + 1] as number) <= 1 - p) high = middle;
        else low = middle + 1;
      }
      return values[low] as number;
    },
  };
}

function samplePoints(samples: ArrayLike<number>): { values: Float64Array; weights: Float64Array } {
  return { values: Float64Array.from(samples).sort(), weights: new Float64Array(samples.length).fill(1) };
}

function sketchPoints(sketch: Extract<ServiceDistribution, { sketch: unknown }>['sketch']): {
  values: Float64Array;
  weights: Float64Array;
} {
  const buckets = sketch.buckets();
  return {
    values: Float64Array.from(buckets, (bucket) => bucket.value),
    weights: Float64Array.from(buckets, (bucket) => bucket.count),
  };
}

function invert(exceedance: (x: number) => number, p: number): number {
  if (p <= 0) return 0;
  let high = 1;
  while (exceedance(high) > 1 - p) high *= 2;
  let low = 0;
  // Halving in the logarithm reaches the small quantiles of very variable distributions as well as the large ones.
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = low > 0 ? Math.sqrt(low * high) : high * 1e-3;
    if (exceedance(middle) > 1 - p) low = middle;
    else high = middle;
    if (high < 1e-200) return 0;
  }
  return high;
}
