import { serviceBins } from './service-bins.ts';
import type { ServiceShape } from './service-shape.ts';

/** Loads at which the wait is tabulated; it is smooth in the load, more so towards 1. */
const LOADS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.78, 0.85, 0.9, 0.94, 0.97, 0.985, 0.9995];
const STEP = Math.log(1.25);
const FIRST = Math.log(1e-3);

/** Abate & Whitt's A: the discretisation error of the inversion is about e^(-A). */
const INVERSION_ACCURACY = 18.4;
const PLAIN_TERMS = 18;
const AVERAGED_TERMS = 11;
const TERMS = PLAIN_TERMS + AVERAGED_TERMS + 1;

/** Below this the inversion's own error shows; from there the tail goes on as an exponential. */
const TRUSTED_ABOVE = 1e-6;

/**
 * The wait of jobs that must wait in an M/G/1 queue, for one service shape and any load.
 *
 * Exact (Pollaczek-Khinchin) up to the inversion of its transform, about 1e-6; time is in mean service times.
 * What is tabulated is z = -ln P(W > y | W > 0) / ((1 - ρ) y), which is 1 for exponential service at any load and
 * time and 1 at time 0 for any service; it goes to 2/(1 + scv) as the load goes to 1, and interpolates well between.
 */
export class SingleServerWait {
  readonly #rows: readonly Float64Array[];
  readonly #last: number;

  constructor(rows: readonly Float64Array[]) {
    this.#rows = rows;
    this.#last = (rows[0] as Float64Array).length - 1;
  }

  /** The curve z at one load in [0, 1), as a function of time > 0 in mean service times. */
  decayAt(load: number): (time: number) => number {
    let j = 1;
    while (j < LOADS.length - 1 && (LOADS[j] as number) < load) j++;
    const from = LOADS[j - 1] as number;
    const share = Math.min(1, (load - from) / ((LOADS[j] as number) - from));
    const low = this.#rows[j - 1] as Float64Array;
    const high = this.#rows[j] as Float64Array;
    const last = this.#last;
    return (time) => {
      const position = Math.min(Math.max((Math.log(time) - FIRST) / STEP, 0), last);
      const i = Math.min(Math.floor(position), last - 1);
      const rest = position - i;
      const atLow = (low[i] as number) + rest * ((low[i + 1] as number) - (low[i] as number));
      const atHigh = (high[i] as number) + rest * ((high[i + 1] as number) - (high[i] as number));
      return atLow + share * (atHigh - atLow);
    };
  }
}

const waitOf = new WeakMap<ServiceShape, SingleServerWait>();

/** The table of a shape; made once, in a millisecond or two. */
export function singleServerWait(shape: ServiceShape): SingleServerWait {
  let wait = waitOf.get(shape);
  if (!wait) {
    wait = tabulate(shape);
    waitOf.set(shape, wait);
  }
  return wait;
}

function tabulate(shape: ServiceShape): SingleServerWait {
  const last = Math.log(1500 * (1 + shape.scv));
  const size = Math.ceil((last - FIRST) / STEP) + 1;
  const times = Float64Array.from({ length: size }, (_, i) => Math.exp(FIRST + i * STEP));
  const rows = LOADS.map(() => new Float64Array(size));
  const re = new Float64Array(TERMS);
  const im = new Float64Array(TERMS);
  for (let i = 0; i < size; i++) {
    const y = times[i] as number;
    serviceTransform(shape, y, re, im);
    for (let j = 0; j < LOADS.length; j++) {
      const load = LOADS[j] as number;
      const row = rows[j] as Float64Array;
      const exceedance = invertWait(load, y, re, im);
      const previous = i > 0 ? (row[i - 1] as number) : 1;
      const isTrusted =
        exceedance > TRUSTED_ABOVE && exceedance < 1 && (i === 0 || isFalling(row, times, i, load, exceedance));
      row[i] = isTrusted ? -Math.log(exceedance) / ((1 - load) * y) : tailDecay(row, times, i, previous);
    }
  }
  return new SingleServerWait(rows);
}

/** An exceedance may not rise with time; where the inversion's ripple says so, it is not to be trusted. */
function isFalling(row: Float64Array, times: Float64Array, i: number, load: number, exceedance: number): boolean {
  const before = (row[i - 1] as number) * (1 - load) * (times[i - 1] as number);
  return -Math.log(exceedance) > before;
}

/** Continues -ln P as a straight line in time, with the slope of the last trusted step. */
function tailDecay(row: Float64Array, times: Float64Array, i: number, previous: number): number {
  if (i < 2) return previous;
  const y = times[i] as number;
  const y1 = times[i - 1] as number;
  const y2 = times[i - 2] as number;
  const slope = Math.max(0, previous * y1 - (row[i - 2] as number) * y2) / (y1 - y2);
  return (previous * y1 + slope * (y - y1)) / y;
}

/** E[e^(-sS)] at the points s = (A + 2kπi)/(2y) that the inversion at time y asks for. */
function serviceTransform(shape: ServiceShape, y: number, re: Float64Array, im: Float64Array): void {
  const { mean, weight } = serviceBins(shape);
  re.fill(0);
  im.fill(0);
  for (let b = 0; b < mean.length; b++) {
    const x = (mean[b] as number) / y;
    const size = (weight[b] as number) * Math.exp((-INVERSION_ACCURACY / 2) * x);
    if (size < 1e-18) break;
    const turnRe = Math.cos(Math.PI * x);
    const turnIm = -Math.sin(Math.PI * x);
    let termRe = size;
    let termIm = 0;
    for (let k = 0; k < TERMS; k++) {
      re[k] = (re[k] as number) + termRe;
      im[k] = (im[k] as number) + termIm;
      const next = termRe * turnRe - termIm * turnIm;
      termIm = termRe * turnIm + termIm * turnRe;
      termRe = next;
    }
  }
}

/**
 * P(W > y | W > 0) by the Euler method, from the transform (1 - ĝ)/(s (1 - ρĝ)) with ĝ = (1 - f̂(s))/s.
 *
 * @see Abate & Whitt, Numerical inversion of Laplace transforms of probability distributions, ORSA J. on Computing 7(1), 1995
 */
function invertWait(load: number, y: number, re: Float64Array, im: Float64Array): number {
  let sum = 0;
  let averaged = 0;
  for (let k = 0; k < TERMS; k++) {
    const sRe = INVERSION_ACCURACY / (2 * y);
    const sIm = (k * Math.PI) / y;
    const size = sRe * sRe + sIm * sIm;
    const qRe = 1 - (re[k] as number);
    const qIm = -(im[k] as number);
    const gRe = (qRe * sRe + qIm * sIm) / size;
    const gIm = (qIm * sRe - qRe * sIm) / size;
    // Denominator s (1 - ρĝ).
    const uRe = 1 - load * gRe;
    const uIm = -load * gIm;
    const dRe = sRe * uRe - sIm * uIm;
    const dIm = sRe * uIm + sIm * uRe;
    const real = ((1 - gRe) * dRe - gIm * dIm) / (dRe * dRe + dIm * dIm);
    sum += (k === 0 ? 0.5 : k % 2 === 0 ? 1 : -1) * real;
    if (k >= PLAIN_TERMS) averaged += (BINOMIAL[k - PLAIN_TERMS] as number) * sum;
  }
  return (Math.exp(INVERSION_ACCURACY / 2) / y) * averaged;
}

const BINOMIAL = (() => {
  const weights = [2 ** -AVERAGED_TERMS];
  for (let k = 1; k <= AVERAGED_TERMS; k++) {
    weights.push(((weights[k - 1] as number) * (AVERAGED_TERMS - k + 1)) / k);
  }
  return weights;
})();
