import { type BreachPeriod, breachPeriods } from './breaches.ts';
import { Collector, type Estimate, SeriesCollector } from './estimate.ts';
import type { IntervalObservation } from './interval-reader.ts';
import type { PoolRun } from './pool-run.ts';
import { type MetricName, type Metrics, metricNames, metricsOfRun } from './run-metrics.ts';
import type { PoolScenario } from './scenario.ts';

/** Figures of the timeline: each a mean over replications for each interval. */
export const timelineFields = [
  'arrivals',
  'completions',
  'waiting',
  'waitingMean',
  'utilization',
  'workersReadyMean',
  'workersPaidMean',
  'cost',
  'brokenShare',
  'waitSecP50',
  'waitSecP95',
  'waitSecP99',
  'responseSecP50',
  'responseSecP95',
  'responseSecP99',
] as const;
export type TimelineField = (typeof timelineFields)[number];

/** One figure over time; NaN where it did not exist in any replication, bounds NaN with fewer than two. */
export interface TimelineColumn {
  mean: number[];
  low: number[];
  high: number[];
}

/** What a scenario does to one pool. */
export interface PoolResult {
  name: string;
  /** Over the time after the warm-up. */
  summary: Record<MetricName, Estimate>;
  timeline: { startSec: number[] } & Record<TimelineField, TimelineColumn>;
  breaches: BreachPeriod[];
  /** The interval after the warm-up with the largest broken share, then the slowest 95 % response; undefined when all is quiet. */
  worst:
    | { fromSec: number; toSec: number; waitingMean: number; responseSecP95: number; brokenShare: number }
    | undefined;
  /** More work arrives than all slots can do, over the time after the warm-up. */
  overloaded: boolean;
}

/** Gathers the replications of one pool. Memory grows with the intervals, not with jobs or replications. */
export class PoolCollector {
  readonly #pool: PoolScenario;
  readonly #intervalSec: number;
  readonly #summary: Record<MetricName, Collector>;
  readonly #timeline: Record<TimelineField, SeriesCollector>;
  /** The figures of each replication, in order; what paired comparisons need. */
  readonly replications: Metrics[] = [];
  #fromSec = 0;
  #growing = 0;

  constructor(pool: PoolScenario, { intervals, intervalSec }: { intervals: number; intervalSec: number }) {
    this.#pool = pool;
    this.#intervalSec = intervalSec;
    this.#summary = Object.fromEntries(metricNames.map((name) => [name, new Collector()])) as Record<
      MetricName,
      Collector
    >;
    this.#timeline = Object.fromEntries(timelineFields.map((name) => [name, new SeriesCollector(intervals)])) as Record<
      TimelineField,
      SeriesCollector
    >;
  }

  add(run: PoolRun): void {
    const { metrics, broken, costs } = metricsOfRun(run, this.#pool);
    this.replications.push(metrics);
    this.#fromSec = run.measured.fromSec;
    for (const name of metricNames) this.#summary[name].add(metrics[name]);
    for (const [i, seen] of run.intervals.entries()) {
      for (const field of timelineFields) {
        this.#timeline[field].add(i, timelineValue(field, seen, { cost: costs[i]!, broken: broken[i]! }));
      }
    }
    if (isGrowing(run)) this.#growing++;
  }

  estimate(name: MetricName): Estimate {
    return this.#summary[name].estimate();
  }

  result(): PoolResult {
    const columns = Object.fromEntries(
      timelineFields.map((field) => [field, this.#timeline[field].columns()]),
    ) as Record<TimelineField, TimelineColumn>;
    const intervals = this.#timeline.arrivals.length;
    const fromInterval = Math.round(this.#fromSec / this.#intervalSec);
    const shares = columns.brokenShare.mean;
    return {
      name: this.#pool.name,
      summary: Object.fromEntries(metricNames.map((name) => [name, this.estimate(name)])) as Record<
        MetricName,
        Estimate
      >,
      timeline: { startSec: Array.from({ length: intervals }, (_, i) => i * this.#intervalSec), ...columns },
      breaches: breachPeriods(shares, { intervalSec: this.#intervalSec, fromInterval }),
      worst: this.#worst(columns, fromInterval),
      overloaded: this.#growing > this.replications.length / 2,
    };
  }

  #worst(columns: Record<TimelineField, TimelineColumn>, fromInterval: number): PoolResult['worst'] {
    let worst = -1;
    const badness = (i: number) => [columns.brokenShare.mean[i]!, columns.responseSecP95.mean[i]!] as const;
    for (let i = fromInterval; i < columns.waiting.mean.length; i++) {
      if (Number.isNaN(columns.responseSecP95.mean[i]) && !(columns.waiting.mean[i]! > 0)) continue;
      if (worst < 0) worst = i;
      const [share, latency] = badness(i);
      const [worstShare, worstLatency] = badness(worst);
      if (share > worstShare || (share === worstShare && latency > worstLatency)) worst = i;
    }
    if (worst < 0) return undefined;
    return {
      fromSec: worst * this.#intervalSec,
      toSec: (worst + 1) * this.#intervalSec,
      waitingMean: columns.waitingMean.mean[worst]!,
      responseSecP95: columns.responseSecP95.mean[worst]!,
      brokenShare: columns.brokenShare.mean[worst]!,
    };
  }
}

function timelineValue(
  field: TimelineField,
  seen: IntervalObservation,
  { cost, broken }: { cost: number; broken: boolean },
): number {
  if (field === 'cost') return cost;
  if (field === 'brokenShare') return broken ? 1 : 0;
  if (field === 'workersPaidMean') return seen.workerSeconds / (seen.endSec - seen.startSec);
  return seen[field];
}

/** The backlog at the end is the work of many minutes and larger than it was half-way. */
function isGrowing(run: PoolRun): boolean {
  const { intervals, jobs } = run;
  const middle = intervals[Math.floor(intervals.length / 2)]?.waiting ?? 0;
  return jobs.waiting > 100 && jobs.waiting > 0.02 * jobs.arrived && jobs.waiting > 1.2 * middle;
}
