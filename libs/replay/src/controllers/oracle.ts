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
  /** The most that any step needs which is at least partly inside [fromSec, toSec). */
  const needed = (fromSec: number, toSec: number): number => {
    let most = 0;
    const beyond = Math.min(workersNeeded.length, Math.ceil(toSec / stepSec - 1e-9));
    for (let step = Math.floor(fromSec / stepSec + 1e-9); step < beyond; step++) {
      most = Math.max(most, workersNeeded[step] as number);
    }
    return most;
  };
  // What is not ordered now can be ordered at the next look, and then be there one start-up delay later.
  const everySec = 60;
  return {
    name: 'oracle',
    everySec,
    initialWorkers: needed(0, startupDelaySec + everySec),
    decide: ({ atSec }) => needed(atSec, atSec + startupDelaySec + everySec),
  };
}
