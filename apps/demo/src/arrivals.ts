import type { RandomStream } from '@capplan/random';
import { type ArrivalTrace, generateTrace, scaleToOfferedLoad } from '@capplan/traces';
import type { DemoPool } from './demo-pool.ts';

/** What the generated days and the weeks before them have in common. */
const shape = { intervalSec: 60, wander: 0.1 };

/** A generated month with a daily and a weekly shape, that begins at six in the morning and surges unforeseen at nine. */
export function bundledTrace(seed: number): ArrivalTrace {
  const days = 28;
  const mondaySixMs = Date.UTC(2026, 0, 5, 6);
  return generateTrace({
    seed: `demo-${seed}`,
    name: 'generated month',
    days,
    ...shape,
    startMs: mondaySixMs,
    spike: { atFraction: 3 / 24 / days, factor: 2, durationSec: 2700 },
  });
}

/** Weeks of the same kind that end at a moment, with chances of their own and the same mean load. */
export function weeksBefore(options: {
  demo: DemoPool;
  loadWorkers: number;
  seed: number;
  untilMs: number;
  days: number;
}): ArrivalTrace {
  const { demo, loadWorkers, seed, untilMs, days } = options;
  const startMs = untilMs - days * 86_400_000;
  const made = generateTrace({ seed: `demo-${seed}-before`, days, ...shape, startMs, spike: null });
  const scaled = scaleToPool(made, { demo, loadWorkers });
  if (!scaled.ok) throw new RangeError(scaled.detail);
  return scaled.trace;
}

/** The trace, scaled so that on average `loadWorkers` workers are busy all the time. */
export function scaleToPool(
  trace: ArrivalTrace,
  { demo, loadWorkers }: { demo: DemoPool; loadWorkers: number },
): ReturnType<typeof scaleToOfferedLoad> {
  return scaleToOfferedLoad(trace, {
    meanServiceSec: demo.serviceMeanSec,
    erlangs: loadWorkers * demo.pool.concurrency,
  });
}

/** One job to come. */
export interface Arrival {
  /** Virtual ms since the epoch. */
  atMs: number;
  /** Counts from 0; the same run and seed give the same number the same job. */
  number: number;
  /** Virtual seconds that the job takes. */
  serviceSec: number;
}

/**
 * Every job of a trace in order: as many in an interval as its rate says (whole numbers, the fraction by chance),
 * spread evenly at random over it. A missing interval repeats the one before. A trace that ends begins anew.
 */
export function* arrivalsOf(
  trace: ArrivalTrace,
  { demo, random }: { demo: DemoPool; random: RandomStream },
): Generator<Arrival> {
  const counts = random.fork('counts');
  const times = random.fork('times');
  const services = random.fork('services');
  const sigma = Math.sqrt(Math.log1p(demo.serviceScv));
  const mu = Math.log(demo.serviceMeanSec) - (sigma * sigma) / 2;
  const stepMs = trace.intervalSec * 1000;
  let rate = 0;
  let number = 0;
  for (let interval = 0; ; interval++) {
    const measured = trace.ratesPerSec[interval % trace.ratesPerSec.length] as number;
    if (!Number.isNaN(measured)) rate = measured;
    const count = Math.floor(rate * trace.intervalSec + counts.next());
    const offsets = Float64Array.from({ length: count }, () => times.next()).sort();
    for (const offset of offsets) {
      yield {
        atMs: trace.startMs + (interval + offset) * stepMs,
        number: number++,
        serviceSec: Math.exp(mu + sigma * services.normal()),
      };
    }
  }
}
