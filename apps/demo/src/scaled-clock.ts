import type { SchedulingClock } from '@capplan/runtime';

export interface TimeScale {
  /** Virtual time at `realOriginMs`. */
  virtualOriginMs: number;
  realOriginMs: number;
  /** Virtual seconds in a real one, > 0. */
  speed: number;
}

/**
 * A clock that runs `speed` times faster than the one it stands on: a day of demand can be lived through in minutes.
 *
 * All processes of a run share one scale, so that they agree on the time as well as the machine's clock allows.
 */
export function createScaledClock(
  real: SchedulingClock,
  { virtualOriginMs, realOriginMs, speed }: TimeScale,
): SchedulingClock {
  if (!(speed > 0)) throw new RangeError(`speed must be above 0, not ${speed}`);
  return {
    nowMs: () => Math.round(virtualOriginMs + (real.nowMs() - realOriginMs) * speed),
    sleep: (ms, signal) => real.sleep(ms / speed, signal),
    every: (periodMs, task, onError) => real.every(periodMs / speed, task, onError),
    at: (timeMs, run) => real.at(realOriginMs + (timeMs - virtualOriginMs) / speed, run),
  };
}
