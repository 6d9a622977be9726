import type { IntervalObservation, PoolState } from '@capplan/simulation';
import type { PoolView } from './controllers/controller.ts';

/** Puts what was observed since the last look, and the state of now, into one view. */
export function poolViewOf(intervals: readonly IntervalObservation[], state: PoolState): PoolView {
  let [arrivals, completions, busySec, serviceSec, serviceSquares, intervalSec] = [0, 0, 0, 0, 0, 0];
  for (const interval of intervals) {
    const lengthSec = interval.endSec - interval.startSec;
    arrivals += interval.arrivals;
    completions += interval.completions;
    busySec += interval.busySlotsMean * lengthSec;
    serviceSec += interval.sumServiceSec;
    serviceSquares += interval.sumServiceSecSquared;
    intervalSec += lengthSec;
  }
  const serviceMeanSec = completions > 0 ? serviceSec / completions : Number.NaN;
  const variance = serviceSquares / completions - serviceMeanSec * serviceMeanSec;
  return {
    atSec: state.nowSec,
    intervalSec,
    arrivals,
    completions,
    waiting: state.waiting,
    busySlots: state.busySlots,
    busySlotsMean: intervalSec > 0 ? busySec / intervalSec : state.busySlots,
    readyWorkers: state.workersReady,
    startingWorkers: state.workersStarting,
    drainingWorkers: state.workersDraining,
    serviceMeanSec,
    serviceScv: serviceMeanSec > 0 ? Math.max(0, variance) / (serviceMeanSec * serviceMeanSec) : Number.NaN,
  };
}
