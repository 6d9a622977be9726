import { workersMax } from '@capplan/contracts';
import { type LatencyObjective, size } from '@capplan/queueing';

/** What a size depends on besides the load. */
export interface SizedFor {
  serviceMeanSec: number;
  serviceScv: number;
  concurrency: number;
  latency: LatencyObjective;
}

/** Loads, targets and spreads closer than these, in their logarithm, share an entry. */
const loadStep = 0.01;
const targetStep = 0.02;
const spreadStep = 0.05;
const tablesMax = 256;
/** Workers by load, by everything else. Time is counted in mean service times, so that pools of one shape share a table. */
const tables = new Map<string, Map<number, number>>();

/**
 * Workers that keep a latency objective under a steady load, by the M/G/c formulas of `@capplan/queueing`; where the
 * service time alone misses the objective, workers that keep up with the load.
 *
 * Worked out once for loads within 1 %, at the upper end: what is remembered never changes an answer.
 *
 * @param loadErlangs attempts per second × mean service time, ≥ 0
 */
export function sizeForLoad(loadErlangs: number, sizedFor: SizedFor): number {
  if (!(loadErlangs > 0)) return 0;
  const { serviceMeanSec, serviceScv, concurrency, latency } = sizedFor;
  const target = Math.round(Math.log(Math.max(1e-9, latency.targetSec / serviceMeanSec)) / targetStep);
  const spread = Math.round(Math.log1p(serviceScv) / spreadStep);
  const table = tableOf(`${latency.of} ${latency.percentile} ${target} ${spread} ${concurrency}`);
  const bucket = Math.ceil(Math.log(loadErlangs) / loadStep);
  let workers = table.get(bucket);
  if (workers === undefined) {
    const query = {
      arrivalRatePerSec: Math.min(1e9, Math.exp(bucket * loadStep)),
      service: { kind: 'lognormal', meanSec: 1, scv: Math.expm1(spread * spreadStep) } as const,
      concurrency,
    };
    let sized = size({ ...query, latency: { ...latency, targetSec: Math.exp(target * targetStep) } });
    if (!sized.ok) sized = size(query);
    workers = sized.ok ? sized.workers : (sized.workersNeeded ?? workersMax);
    table.set(bucket, workers);
  }
  return workers;
}

function tableOf(key: string): Map<number, number> {
  const known = tables.get(key);
  if (known) return known;
  if (tables.size >= tablesMax) tables.clear();
  const fresh = new Map<number, number>();
  tables.set(key, fresh);
  return fresh;
}
