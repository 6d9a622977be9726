import type { Controller } from './controller.ts';

/**
 * A controller that knows the future: the yardstick of cost, out of reach for anybody who does not.
 *
 * It orders, ahead of time by exactly the start-up delay, the workers that the true offered load of each step will
 * need, and gives a worker up only if it is not needed again within that delay (else it would have to order it at
 * once). It does not know single jobs, only rates.
 *
 * @param workersNeeded workers for each step, from sizing the step's true offered load
 * @param stepSec seconds of one step
 */
export function createOracle(options: {
  workersNeeded: ArrayLike<number>;
  stepSec: number;
  startupDelaySec: number;
}): Controller {
  const { workersNeeded, stepSec, startupDelaySec } = options;
  const needed = (fromSec: number, toSec: number): number => {
    let most = 0;
    const last = Math.min(workersNeeded.length - 1, Math.floor(toSec / stepSec + 1e-9));
    for (let step = Math.floor(fromSec / stepSec + 1e-9); step <= last; step++) {
      most = Math.max(most, workersNeeded[step] as number);
    }
    return most;
  };
  const everySec = 15;
  return {
    name: 'oracle',
    everySec,
    initialWorkers: needed(0, startupDelaySec + everySec),
    decide: ({ atSec }) => needed(atSec, atSec + startupDelaySec + everySec),
  };
}
