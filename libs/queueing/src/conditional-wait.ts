import type { ServiceShape } from './service-shape.ts';
import { singleServerWait } from './single-server-wait.ts';
import { constantServiceEffect, variabilityIndex } from './wait-correction.ts';

const STEP = Math.log(1.25);
const FIRST = 1e-3;
const STEPS_MAX = 110;

/** Where -ln P is beyond this, nothing is left that a double could add. */
const NEGLIGIBLE = 45;

/** Fitted by `bench/queueing-fit.ts`; what each one does stands at its use. */
const FITTED = {
  independence: 0.8962,
  independenceBySize: 0.1053,
  onset: 0.2124,
  startDepth: 2.6173,
  startSpan: 0.856,
  startSpanByVariability: 0.9104,
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
  readonly mean: number;
  readonly #drainRate: number;
  /** -ln P at l = 0.001 · 1.25^i, l = (c - a)t; a straight line between. */
  readonly #logs: Float64Array;
  readonly #steps: number;

  /** @param load.servers may be a fraction, at which bursty arrivals are read as a smaller system */
  constructor(shape: ServiceShape, load: { utilization: number; servers: number }) {
    const { utilization: ρ, servers: c } = load;
    this.#drainRate = c * (1 - ρ);
    const decay = singleServerWait(shape).decayAt(ρ);
    const { independence, independenceBySize, onset, startDepth, startSpan, startSpanByVariability } = FITTED;
    const n = 1 + (c - 1) * (1 - ρ) ** independence * c ** (-independenceBySize * ρ);
    const speedUp = c > 1 ? c / n - 1 : 0;
    const g = variabilityIndex(shape);
    const start = Math.expm1(-startDepth * g * constantServiceEffect(ρ, c));
    const span = startSpan * Math.exp(startSpanByVariability * g);

    const logs = new Float64Array(STEPS_MAX);
    let l = FIRST;
    let before = 0;
    let lBefore = 0;
    let survival = 1;
    let mean = 0;
    let i = 0;
    for (; i < STEPS_MAX; i++) {
      const t = l / this.#drainRate;
      const y = t * (1 + (speedUp * l) / (l + onset));
      // Refinements can bend the curve back where the distribution has a wide gap; a wait has no negative hazard.
      const log = Math.max(before, l * decay(y) * (1 + start * Math.exp(-l / span)));
      const next = Math.exp(-log);
      const drop = log - before;
      mean += (l - lBefore) * (drop > 1e-6 ? (survival - next) / drop : survival);
      logs[i] = log;
      before = log;
      lBefore = l;
      survival = next;
      if (log > NEGLIGIBLE) {
        i++;
        break;
      }
      l *= 1.25;
    }
    this.#logs = logs;
    this.#steps = i;
    this.mean = mean / this.#drainRate;
  }

  /** P(W > t | W > 0). */
  exceedance(t: number): number {
    if (t <= 0) return 1;
    const l = this.#drainRate * t;
    if (l <= FIRST) return Math.exp((-(this.#logs[0] as number) * l) / FIRST);
    const i = Math.min(Math.floor(Math.log(l / FIRST) / STEP), this.#steps - 2);
    const from = FIRST * 1.25 ** i;
    const low = this.#logs[i] as number;
    const slope = ((this.#logs[i + 1] as number) - low) / (0.25 * from);
    return Math.exp(-low - slope * (l - from));
  }
}
