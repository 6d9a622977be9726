import type { IntervalObservation } from './interval-reader.ts';
import type { PoolState } from './pool-simulation.ts';
import type { PoolScenario } from './scenario.ts';

/** What a controller may know when it is asked: nothing of the future. */
export interface ControllerView {
  atSec: number;
  /** Intervals that ended since it was last asked, oldest first. */
  intervals: readonly IntervalObservation[];
  state: PoolState;
  /** Workers ordered and not asked to leave. */
  workers: number;
}

/** Decides how many workers a simulated pool should have. */
export interface SimulatedController {
  decide(view: ControllerView): number;
}

/** Makes the controller of one pool for one replication; it must not share state with another replication's. */
export type ControllerFactory = (
  pool: PoolScenario,
  replication: { index: number; seed: string },
) => SimulatedController;

/**
 * Divides a budget of workers over what pools ask for: by priority, highest first, and in the order of the pools among
 * equals. Nobody gets more than it asked for.
 */
export function shareBudget(
  asked: readonly number[],
  priorities: readonly number[],
  budget: number | undefined,
): number[] {
  if (budget === undefined) return [...asked];
  const granted = asked.map(() => 0);
  const order = asked.map((_, i) => i).sort((a, b) => priorities[b]! - priorities[a]! || a - b);
  let left = budget;
  for (const i of order) {
    granted[i] = Math.min(asked[i]!, left);
    left -= granted[i]!;
  }
  return granted;
}
