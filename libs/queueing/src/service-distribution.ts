import { createSketch, type QuantileSketch } from '@capplan/sketch';
import { requireNumber } from './require-number.ts';

/**
 * How long jobs hold a server. Plain data, so that it can be written in a policy, sent in a message or read from an option.
 *
 * - `exponential`: scv 1, the memoryless case.
 * - `deterministic`: always the same, scv 0.
 * - `erlang`: a sum of `shape` equal exponential stages, scv 1/shape.
 * - `hyperexponential`: two exponentials with balanced means, scv > 1: a few jobs are much longer.
 * - `lognormal`, `gamma`: any scv > 0. Log-normal is the natural family of real service times.
 * - `measured`: what was seen, as a sketch or as samples in seconds (sorted or not; not changed afterwards).
 */
export type ServiceDistribution =
  | { readonly kind: 'exponential'; readonly meanSec: number }
  | { readonly kind: 'deterministic'; readonly meanSec: number }
  | { readonly kind: 'erlang'; readonly meanSec: number; readonly shape: number }
  | { readonly kind: 'hyperexponential'; readonly meanSec: number; readonly scv: number }
  | { readonly kind: 'lognormal'; readonly meanSec: number; readonly scv: number }
  | { readonly kind: 'gamma'; readonly meanSec: number; readonly scv: number }
  | { readonly kind: 'measured'; readonly sketch: QuantileSketch }
  | { readonly kind: 'measured'; readonly samples: ArrayLike<number> };

/** Mean service time in seconds. */
export function serviceMeanSec(service: ServiceDistribution): number {
  if (service.kind !== 'measured') return service.meanSec;
  return 'sketch' in service ? service.sketch.mean : sampleMoments(service.samples).mean;
}

/** Squared coefficient of variation of the service time, Var[S] / E[S]². */
export function serviceScv(service: ServiceDistribution): number {
  switch (service.kind) {
    case 'exponential':
      return 1;
    case 'deterministic':
      return 0;
    case 'erlang':
      return 1 / service.shape;
    case 'measured':
      return 'sketch' in service ? service.sketch.scv : sampleMoments(service.samples).scv;
    default:
      return service.scv;
  }
}

/** Whether it is the exponential distribution, under whatever name: an Erlang or gamma of scv 1, say. */
export function isExponential(service: ServiceDistribution): boolean {
  if (service.kind === 'exponential') return true;
  return service.kind !== 'lognormal' && service.kind !== 'measured' && serviceScv(service) === 1;
}

/**
 * The same distribution at another speed: every service time multiplied by `factor`.
 *
 * Samples are copied; a sketch is turned into the representatives of its buckets.
 */
export function scaleService(service: ServiceDistribution, factor: number): ServiceDistribution {
  requireNumber('factor', factor, { above: 0 });
  if (service.kind !== 'measured') return { ...service, meanSec: service.meanSec * factor };
  if ('samples' in service) return { kind: 'measured', samples: Float64Array.from(service.samples, (s) => s * factor) };
  const scaled = createSketch({ relativeError: service.sketch.relativeError });
  for (const { value, count } of service.sketch.buckets()) scaled.add(value * factor, count);
  return { kind: 'measured', sketch: scaled };
}

/** Refuses a distribution that cannot be, and says which field is off. */
export function requireService(service: ServiceDistribution): void {
  if (service.kind === 'measured') {
    const size = 'sketch' in service ? service.sketch.count : service.samples.length;
    if (size === 0) throw new RangeError('a measured service distribution needs at least one value');
    const mean = serviceMeanSec(service);
    if (!(mean > 0 && mean < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`measured service times must be 0 or more, with a mean above 0; their mean is ${mean}`);
    }
    return;
  }
  requireNumber('meanSec', service.meanSec, { above: 0 });
  if (service.kind === 'erlang') requireNumber('shape', service.shape, { min: 1, max: 10_000, whole: true });
  if (service.kind === 'hyperexponential') requireNumber('scv', service.scv, { min: 1, max: 10_000 });
  if (service.kind === 'lognormal' || service.kind === 'gamma') {
    requireNumber('scv', service.scv, { min: 0, max: 10_000 });
  }
}

const momentsOf = new WeakMap<ArrayLike<number>, { mean: number; scv: number }>();

function sampleMoments(samples: ArrayLike<number>): { mean: number; scv: number } {
  const known = momentsOf.get(samples);
  if (known) return known;
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] as number;
  const mean = sum / samples.length;
  let squares = 0;
  for (let i = 0; i < samples.length; i++) squares += ((samples[i] as number) - mean) ** 2;
  const moments = { mean, scv: mean === 0 ? 0 : squares / samples.length / (mean * mean) };
  momentsOf.set(samples, moments);
  return moments;
}
