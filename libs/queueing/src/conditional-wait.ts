import type { ServiceShape } from './service-shape.ts';
import { singleServerWait } from './single-server-wait.ts';
import { constantServiceEffect, variabilityIndex } from './wait-correction.ts';

const STEP = Math.log(1.25);
const FIRST = 0.02;
const STEPS_MAX = 140;
const GRID = Float64Array.from({ length: STEPS_MAX + 1 }, (_, i) => FIRST * 1.25 ** i);
const PER_STEP = 1 / STEP;

/** Where -ln P is beyond this, nothing is left that a double could add. */
const NEGLIGIBLE = 45;

/** The constants of `ConditionalWait` that no theory gives. */
export interface WaitFit {
  /** Independent servers: n = 1 + (c - 1)(1 - ρ)^independence · c^(-independenceBySize·ρ). */
  readonly independence: number;
  readonly independenceBySize: number;
  /** Where n comes into force, in l = (c - a)t: at first all c servers are independent. */
  readonly onset: number;
  /** The first hazard is exp(-startDepth·g·δ) of the drain rate, and fades over startSpan·exp(startSpanByVariability·g). */
  readonly startDepth: number;
  readonly startSpan: number;
  readonly startSpanByVariability: number;
}

/**
 * From 777 simulated cells (20 distributions, 2 to 100 servers, utilisation 0.3 to 0.95) of 4 to 40 million jobs each.
 *
 * `bench/queueing-fit.ts` repeats that with fewer jobs; the optimum is flat, so that its constants differ by more than its errors.
 */
export const waitFit: WaitFit = {
  independence: 0.9544,
  independenceBySize: 0.0785,
  onset: 0.3507,
  startDepth: 3.003,
  startSpan: 0.756,
  startSpanByVariability: 0.891,
};

/**
 * The wait of jobs that must wait in an M/G/c queue, any c, as a distribution; time in mean service times.
 *
 * Rests on a scaling law: P(W_c > t | W_c > 0) ≈ P(W_1 > tc/n | W_1 > 0)^n, where W_1 is the wait in M/G/1 with the same
 * service and utilisation, and n the number of servers whose departures are independent of each other while the
 * queue lasts. It is exact for c = 1 (n = 1), for exponential service (any n), as the load goes to 0 (n = c: the wait is the
 * least of c residual service times) and in heavy traffic (any n, again); and n = 1 + (c - 1)(1 - ρ) has the tail exponent that
 * Foss & Korshunov find for heavy-tailed service. With that n and nothing fitted its quantiles are within 2 to 4 % on average;
 * three refinements, fitted to simulations, bring the rest: a power of (1 - ρ), its slow onset (n = c at first),
 * and a first hazard that is lower the more variable the service is.
 *
 * @see Foss & Korshunov, On large delays in multi-server queues with heavy tails, Mathematics of OR 37(2), 2012
 */
export class ConditionalWait {
  readonly #drainRate: number;
  readonly #decay: (time: number) => number;
  readonly #speedUp: number;
  readonly #start: number;
  readonly #span: number;
  /** -ln P at l = 0.02 · 1.25^i, l = (c - a)t; a straight line between. Filled as far as it has been asked for. */
  readonly #logs = new Float64Array(STEPS_MAX);
  #filled = 0;

  readonly #onset: number;

  /** @param load.servers may be a fraction */
  constructor(shape: ServiceShape, load: { utilization: number; servers: number }, fit: WaitFit = waitFit) {
    const { utilization: ρ, servers: c } = load;
    const { independence, independenceBySize, startDepth, startSpan, startSpanByVariability } = fit;
    this.#onset = fit.onset;
    this.#drainRate = c * (1 - ρ);
    this.#decay = singleServerWait(shape).decayAt(ρ);
    const n = 1 + (c - 1) * (1 - ρ) ** independence * c ** (-independenceBySize * ρ);
    this.#speedUp = c > 1 ? c / n - 1 : 0;
    const g = variabilityIndex(shape);
    this.#start = Math.expm1(-startDepth * g * constantServiceEffect(ρ, c));
    this.#span = startSpan * Math.exp(startSpanByVariability * g);
  }

  /** P(W > t | W > 0). */
  exceedance(t: number): number {
    if (t <= 0) return 1;
    const l = this.#drainRate * t;
    if (l <= FIRST) return Math.exp((-this.#logAt(0) * l) / FIRST);
    const i = Math.floor(Math.log(l / FIRST) * PER_STEP);
    if (i >= STEPS_MAX - 1) return 0;
    const low = this.#logAt(i);
    if (low > NEGLIGIBLE) return 0;
    const from = GRID[i] as number;
    const slope = (this.#logAt(i + 1) - low) / (0.25 * from);
    return Math.exp(-low - slope * (l - from));
  }

  /** The t at which P(W > t | W > 0) has fallen to `exceedance`, in (0, 1]. */
  quantile(exceedance: number): number {
    const target = -Math.log(exceedance);
    let i = 0;
    while (this.#logAt(i) < target) i++;
    const high = this.#logAt(i);
    const low = i === 0 ? 0 : this.#logAt(i - 1);
    const from = i === 0 ? 0 : (GRID[i - 1] as number);
    const width = i === 0 ? FIRST : 0.25 * from;
    // Beyond what is tabulated nothing is ever asked for: it would be less than one in 10¹⁹.
    const share = Number.isFinite(high) && high > low ? (target - low) / (high - low) : 0;
    return (from + share * width) / this.#drainRate;
  }

  /** E[W | W > 0]; exact for the piecewise exponential that `exceedance` is. */
  get mean(): number {
    let mean = 0;
    let l = FIRST;
    let width = FIRST;
    let log = 0;
    let survival = 1;
    for (let i = 0; log <= NEGLIGIBLE; i++) {
      const next = this.#logAt(i);
      const nextSurvival = Math.exp(-next);
      mean += width * (next - log > 1e-6 ? (survival - nextSurvival) / (next - log) : survival);
      log = next;
      survival = nextSurvival;
      width = 0.25 * l;
      l += width;
    }
    return mean / this.#drainRate;
  }

  #logAt(i: number): number {
    while (this.#filled <= i) {
      const before = this.#filled > 0 ? (this.#logs[this.#filled - 1] as number) : 0;
      if (this.#filled === STEPS_MAX || before > NEGLIGIBLE) return Number.POSITIVE_INFINITY;
      const l = GRID[this.#filled] as number;
      const t = l / this.#drainRate;
      const y = t * (1 + (this.#speedUp * l) / (l + this.#onset));
      // Refinements can bend the curve back where the distribution has a wide gap; a wait has no negative hazard.
      const log = l * this.#decay(y) * (1 + this.#start * Math.exp(-l / this.#span));
      this.#logs[this.#filled++] = Math.max(before, log);
    }
    return this.#logs[i] as number;
  }
}
