import type { SchedulingClock } from './scheduling-clock.ts';

/** A difference of clocks up to this is left alone, so that time does not jitter with every measurement. */
export const toleratedMs = 500;
/** A step back of up to this is waited out with time standing still; time far ahead steps back at once. */
const heldMsMax = 5_000;

/** A clock whose time is set right by measurements of a server's time. */
export interface CorrectedClock extends SchedulingClock {
  /** Takes in how far this clock is ahead of the server's time by a new measurement, ms; negative when behind. */
  correct(aheadMs: number): void;
  /** This clock without any correction, ms: what is compared with the server's time. */
  uncorrectedMs(): number;
}

/**
 * Time as the server has it, on a machine whose clock may be wrong.
 *
 * Between two measurements time runs steadily by `steadyMs`, so that a machine whose clock is set meanwhile changes
 * nothing. Differences up to half a second are tolerated. After a correction backwards of up to five seconds time
 * stands still until it is caught up with, so that it never runs backwards; a larger one steps.
 *
 * Waiting is measured in the machine's steady time and is not corrected.
 *
 * @param steady milliseconds since the epoch that only ever grow, as the machine had it when the process began
 */
export function createCorrectedClock(machine: SchedulingClock, steady: () => number): CorrectedClock {
  let correctionMs = 0;
  let shownMs = Number.NEGATIVE_INFINITY;
  const nowMs = (): number => {
    const rightMs = Math.floor(steady() - correctionMs);
    if (rightMs >= shownMs || shownMs - rightMs > heldMsMax) shownMs = rightMs;
    return shownMs;
  };
  return {
    nowMs,
    uncorrectedMs: steady,
    correct: (aheadMs) => {
      if (Math.abs(aheadMs - correctionMs) > toleratedMs) correctionMs = aheadMs;
    },
    sleep: machine.sleep,
    every: machine.every,
    at: (timeMs, run) => machine.at(machine.nowMs() + (timeMs - nowMs()), run),
  };
}

/** One question for the server's time: when it was asked and answered by our own clock, and the answer; ms. */
export interface TimeSample {
  askedMs: number;
  answeredMs: number;
  serverMs: number;
}

/**
 * How far our clock is ahead of the server's, ms; negative when it is behind. The answer was made somewhere between
 * question and arrival: the middle is off by half of the round trip at most, so that the quickest answer counts.
 *
 * @param samples at least one
 */
export function aheadMsOf(samples: readonly TimeSample[]): number {
  const roundTripMs = ({ askedMs, answeredMs }: TimeSample) => answeredMs - askedMs;
  const best = samples.reduce((a, b) => (roundTripMs(b) < roundTripMs(a) ? b : a));
  return best.askedMs + roundTripMs(best) / 2 - best.serverMs;
}
