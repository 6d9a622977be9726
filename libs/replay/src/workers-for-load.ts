import { type ServiceDistribution, serviceExceedance, serviceMeanSec, solveMgc } from '@capplan/queueing';

/** Bisections for each worker count: the load is found to within 1/256 of a worker. */
const bisections = 8;

/**
 * A table that answers: how many workers does this offered load need, so that at most `missedShare` of the jobs miss
 * the target?
 *
 * For each worker count it holds the largest load that is still fine by the M/G/c formulas, so that a lookup is a
 * binary search; it grows as larger loads are asked for.
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
  if (latencyOf === 'response' && serviceExceedance(service, targetSec) > missedShare) return undefined;
  const meanSec = serviceMeanSec(service);
  const isEnough = (load: number, servers: number): boolean => {
    const solved = solveMgc({ arrivalRatePerSec: load / meanSec, service, servers });
    if (!solved.ok) return false;
    const { queue } = solved;
    const missed = latencyOf === 'wait' ? queue.waitExceedance(targetSec) : queue.responseExceedance(targetSec);
    return missed <= missedShare;
  };

  const loadMax: number[] = [0];
  const extend = (): void => {
    const servers = loadMax.length * concurrency;
    const before = loadMax.at(-1) as number;
    let [low, high] = [before, Math.min(servers, before + 2 * concurrency)];
    for (let i = 0; i < bisections; i++) {
      const middle = (low + high) / 2;
      if (isEnough(middle, servers)) low = middle;
      else high = middle;
    }
    loadMax.push(low);
  };
  return (loadErlangs) => {
    while ((loadMax.at(-1) as number) < loadErlangs) extend();
    let [low, high] = [0, loadMax.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((loadMax[middle] as number) >= loadErlangs) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
