import type { PoolView } from './controller.ts';

/** A quiet pool of ten workers, one slot each; tests change what they are about. */
export function viewWith(change: Partial<PoolView>): PoolView {
  return {
    atSec: 15,
    intervalSec: 15,
    arrivals: 0,
    completions: 0,
    waiting: 0,
    busySlots: 7,
    busySlotsMean: 7,
    readyWorkers: 10,
    startingWorkers: 0,
    drainingWorkers: 0,
    serviceMeanSec: 1,
    serviceScv: 1,
    ...change,
  };
}
