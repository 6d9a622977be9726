import type { PastChange } from './decision-input.ts';
import { tuning } from './tuning.ts';

/**
 * What a change must pay before it is made, in worker-minutes, on top of the price of every worker moved.
 *
 * Every change costs something that no price list names: a start that is thrown away, a drained worker, a graph that
 * nobody trusts. In a small pool a worker is a larger share, and so is what waiting for a larger gain would waste: below
 * forty workers the threshold shrinks with the pool.
 */
export function thresholdOf(options: {
  fromWorkers: number;
  toWorkers: number;
  changes: readonly PastChange[];
  nowMs: number;
}): number {
  const { fromWorkers, toWorkers, changes, nowMs } = options;
  const up = toWorkers > fromWorkers;
  const size = Math.min(1, Math.max(fromWorkers, toWorkers) / tuning.thresholdWorkers);
  return size * (up ? tuning.upThreshold : tuning.downThreshold) * reversalFactor(up, changes, nowMs);
}

/**
 * How many times as much a change in one direction must pay, seen from recent changes in the other: the most right
 * after one, 1 when the last is eleven minutes ago.
 */
export function reversalFactor(up: boolean, changes: readonly PastChange[], nowMs: number): number {
  let factor = 1;
  for (const change of changes) {
    if (change.toWorkers > change.fromWorkers === up) continue;
    const ageSec = Math.max(0, (nowMs - change.timeMs) / 1000);
    if (ageSec < tuning.reversalFadeSec) {
      factor = Math.max(factor, 1 + tuning.reversalFactor * (1 - ageSec / tuning.reversalFadeSec));
    }
  }
  return factor;
}
