import type { PastChange } from './decision-input.ts';
import { tuning } from './tuning.ts';

/**
 * What a change must pay before it is made, in worker-minutes.
 *
 * Every change costs something that no price list names: a start that is thrown away, a drained worker, a graph that
 * nobody trusts. A change against a recent one of the other direction costs more, the more recent that one is.
 */
export function thresholdOf(options: {
  fromWorkers: number;
  toWorkers: number;
  changes: readonly PastChange[];
  nowMs: number;
}): number {
  const { fromWorkers, toWorkers, changes, nowMs } = options;
  const up = toWorkers > fromWorkers;
  const moved = Math.abs(toWorkers - fromWorkers);
  const plain = up
    ? tuning.upThreshold + tuning.upThresholdPerWorker * moved
    : tuning.downThreshold + tuning.downThresholdPerWorker * moved;
  return plain * reversalFactor(up, changes, nowMs);
}

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
