import {
  type ServiceDistribution,
  serviceMeanSec,
  serviceQuantileSec,
  serviceScv,
  waitProbability,
} from '@capplan/queueing';

/** temporary */
function exceedance(
  service: ServiceDistribution,
  samples: readonly number[],
  load: number,
  servers: number,
  targetSec: number,
  of: string,
): number {
  if (load >= servers) return 1;
  if (load <= 0) return of === 'wait' ? 0 : samples.filter((s) => s > targetSec).length / samples.length;
  const pw = waitProbability({ offeredLoadErlangs: load, servers });
  const theta = (((servers - load) / serviceMeanSec(service)) * 2) / (1 + serviceScv(service));
  if (of === 'wait') return pw * Math.exp(-theta * targetSec);
  let sum = 0;
  for (const s of samples) sum += s >= targetSec ? 1 : pw * Math.exp(-theta * (targetSec - s));
  return sum / samples.length;
}

/**
 * A table that answers: how many workers does this offered load need, so that at most `missedShare` of the jobs miss
 * the target?
 *
 * For each worker count it holds the largest load that is still fine, so that a lookup is a binary search.
 *
 * @returns `undefined` when even idle workers miss the target for more than that share: the service time alone does
 */
export function createWorkersForLoad(options: {
  service: ServiceDistribution;
  concurrency: number;
  targetSec: number;
  latencyOf: 'wait' | 'response';
  missedShare: number;
}): ((loadErlangs: number) => number) | undefined {
  const { service, concurrency, targetSec, latencyOf, missedShare } = options;
  const samples = Array.from({ length: 400 }, (_, i) => serviceQuantileSec(service, (i + 0.5) / 400));
  if (exceedance(service, samples, 0, 1, targetSec, latencyOf) > missedShare) return undefined;
  const loadMost: number[] = [0];
  const extend = (): void => {
    const servers = loadMost.length * concurrency;
    let [low, high] = [loadMost.at(-1) as number, servers];
    for (let i = 0; i < 30; i++) {
      const middle = (low + high) / 2;
      if (exceedance(service, samples, middle, servers, targetSec, latencyOf) <= missedShare) low = middle;
      else high = middle;
    }
    loadMost.push(low);
  };
  return (loadErlangs) => {
    while ((loadMost.at(-1) as number) < loadErlangs) extend();
    let [low, high] = [0, loadMost.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((loadMost[middle] as number) >= loadErlangs) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
