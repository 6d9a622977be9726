import { requireNumber } from './require-number.ts';
import { requireService, type ServiceDistribution, serviceMeanSec } from './service-distribution.ts';
import { serviceShape } from './service-shape.ts';

/** Work still unfinished after this share of it is ignored; 40 kernel steps more would change the tenth digit. */
const REMAINDER = 1e-9;

/** A kernel is never longer than this; the rest of the work is counted in its last step. */
const STEPS_MAX = 20_000;

/**
 * How much of the work that arrives in one step of time is still there in each following one.
 *
 * weights[k] = E[S] · P(k·step < Sₑ ≤ (k + 1)·step), in seconds; they add up to E[S]. The modified offered load at the
 * end of a step is the sum of weights[k] × the rate k steps before: an exponential smoothing when service is exponential,
 * and the right generalisation of it when service is not.
 *
 * @param query.stepSec > 0
 * @example offeredLoadWeights({ service: { kind: 'deterministic', meanSec: 10 }, stepSec: 5 }) // [5, 5]
 */
export function offeredLoadWeights(query: { service: ServiceDistribution; stepSec: number }): Float64Array {
  const { service, stepSec } = query;
  requireService(service);
  requireNumber('stepSec', stepSec, { above: 0 });
  const meanSec = serviceMeanSec(service);
  const shape = serviceShape(service);
  const weights: number[] = [];
  let left = 1;
  while (left > REMAINDER && weights.length < STEPS_MAX) {
    const after = shape.residualExceedance(((weights.length + 1) * stepSec) / meanSec);
    weights.push((left - after) * meanSec);
    left = after;
  }
  const last = weights.length - 1;
  weights[last] = (weights[last] as number) + left * meanSec;
  return Float64Array.from(weights);
}

/**
 * The load to size for when the arrival rate changes: m(t) = E[λ(t - Sₑ)] E[S], for M_t/G/∞.
 *
 * Work lags behind arrivals, and short peaks are smoothed, both by the service distribution. Sizing each moment with
 * the stationary formulas at m(t) instead of λ(t)E[S] keeps the waiting probability near its target through daily waves and
 * ramps. Assumes few jobs wait long; under overload use `fluidBacklog`.
 *
 * @param query.ratesPerSec arrival rate in each step, ≥ 0; constant within a step
 * @param query.historyPerSec rates before the first step, newest last; before them the first known rate held for ever
 * @returns offered load in erlangs at the end of each step
 * @example
 * modifiedOfferedLoad({ ratesPerSec: [1, 1, 5], stepSec: 60, service: { kind: 'exponential', meanSec: 60 } });
 * // [60, 60, 211.7]: after the jump the load follows with the time constant of the service
 * @see Jennings, Mandelbaum, Massey & Whitt, Server staffing to meet time-varying demand, Management Science 42(10), 1996
 */
export function modifiedOfferedLoad(query: {
  ratesPerSec: ArrayLike<number>;
  stepSec: number;
  service: ServiceDistribution;
  historyPerSec?: ArrayLike<number>;
}): Float64Array {
  const { ratesPerSec, service, stepSec, historyPerSec = [] } = query;
  const weights = offeredLoadWeights({ service, stepSec });
  const before = historyPerSec.length;
  const rates = new Float64Array(before + ratesPerSec.length);
  rates.set(Array.from(historyPerSec), 0);
  rates.set(Array.from(ratesPerSec), before);
  for (let i = 0; i < rates.length; i++) requireNumber(`ratesPerSec[${i - before}]`, rates[i] as number, { min: 0 });
  // What the kernel still holds beyond k steps, for the constant rate before all that is known.
  const beyond = new Float64Array(weights.length + 1);
  for (let k = weights.length - 1; k >= 0; k--) beyond[k] = (beyond[k + 1] as number) + (weights[k] as number);
  const loads = new Float64Array(ratesPerSec.length);
  for (let i = 0; i < loads.length; i++) {
    const now = before + i;
    const known = Math.min(now + 1, weights.length);
    let load = (beyond[known] as number) * (rates[0] as number);
    for (let k = 0; k < known; k++) load += (weights[k] as number) * (rates[now - k] as number);
    loads[i] = load;
  }
  return loads;
}

/**
 * The modified offered load at one moment, for a rate given as a function of time.
 *
 * The integral of λ(t - u) P(S > u) du in panels that grow with u, eight Gauss points each: smooth rates come out to six
 * digits or better.
 *
 * @param query.ratePerSecAt arrival rate at a time in seconds, the past included
 * @param query.smoothWithinSec a time within which the rate is nearly a straight line; default: panels as wide as the service asks
 * @returns erlangs
 */
export function modifiedOfferedLoadAt(query: {
  ratePerSecAt: (sec: number) => number;
  atSec: number;
  service: ServiceDistribution;
  smoothWithinSec?: number;
}): number {
  const { ratePerSecAt, atSec, service, smoothWithinSec = Number.POSITIVE_INFINITY } = query;
  requireService(service);
  const meanSec = serviceMeanSec(service);
  const shape = serviceShape(service);
  let load = 0;
  let from = 0;
  const widest = smoothWithinSec / meanSec;
  let width = Math.min(0.05, widest);
  for (let panel = 0; panel < 10_000; panel++) {
    for (let i = 0; i < GAUSS_POINTS.length; i++) {
      const x = from + width * (0.5 + 0.5 * (GAUSS_POINTS[i] as number));
      load += 0.5 * width * (GAUSS_WEIGHTS[i] as number) * shape.exceedance(x) * ratePerSecAt(atSec - x * meanSec);
    }
    from += width;
    const left = shape.residualExceedance(from);
    if (left < 1e-10) break;
    if (from >= 1) width = Math.min(width * 1.1, 0.25 * from, widest);
  }
  return load * meanSec;
}

const GAUSS_POINTS = [
  -0.9602898564975363, -0.7966664774136267, -0.525532409916329, -0.18343464249564978, 0.18343464249564978,
  0.525532409916329, 0.7966664774136267, 0.9602898564975363,
];
const GAUSS_WEIGHTS = [
  0.10122853629037626, 0.22238103445337448, 0.31370664587788727, 0.362683783378362, 0.362683783378362,
  0.31370664587788727, 0.22238103445337448, 0.10122853629037626,
];

/**
 * How far the load swings, and how late, when the arrival rate is a sine wave.
 *
 * For λ(t) = λ̄ + A sin(2πt/period) the load is λ̄E[S] + A·E[S]·ratio·sin(2π(t - lag)/period).
 *
 * @returns `ratio` in [0, 1] and `lagSec`, between 0 and half a period
 * @example sinusoidalLoad({ service: { kind: 'exponential', meanSec: 1 }, periodSec: 2 * Math.PI }) // ratio 1/√2, lag π/4
 * @see Eick, Massey & Whitt, M_t/G/∞ queues with sinusoidal arrival rates, Management Science 39(2), 1993
 */
export function sinusoidalLoad(query: { service: ServiceDistribution; periodSec: number }): {
  readonly ratio: number;
  readonly lagSec: number;
} {
  requireNumber('periodSec', query.periodSec, { above: 0 });
  const ω = (2 * Math.PI) / query.periodSec;
  const meanSec = serviceMeanSec(query.service);
  // E[cos ωSₑ] and E[sin ωSₑ] are the loads at time 0 of the rates cos ω(-u) and -sin ω(-u).
  const at0 = { atSec: 0, service: query.service, smoothWithinSec: query.periodSec / 8 };
  const cosine = modifiedOfferedLoadAt({ ...at0, ratePerSecAt: (t) => Math.cos(ω * t) });
  const sine = modifiedOfferedLoadAt({ ...at0, ratePerSecAt: (t) => -Math.sin(ω * t) });
  return { ratio: Math.hypot(cosine, sine) / meanSec, lagSec: Math.atan2(sine, cosine) / ω };
}
