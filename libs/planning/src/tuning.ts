/**
 * The constants of the decision. One set for all pools; what differs between pools is in policies.
 * Costs are in worker-minutes, so that they mean the same whatever a worker costs.
 */
export const tuning = {
  /** How far beyond start-up delay and decision period a decision looks, seconds. */
  beyondSec: 60,
  /** Charge for one allowed wait's worth of backlog at the end of the horizon, in missed minutes. */
  leftover: 0.3,
  /** Backlog beyond half an allowed wait is worked off, later, by this share of the load as spare capacity. */
  drainShare: 0.25,
  /** A count below the load plus this many square roots of it is not considered when scaling in. */
  floorDeviations: 0.4,
  /** A missed minute costs at least this many minutes of the workers its load needs: a rush is not given up. */
  missFloor: 3,
  /** Price of one worker moved up, as a share of what it costs over the horizon: it is paid before it is of use. */
  movedUp: 0.4,
  /** Price of one worker moved down, likewise: it may have to come back, and then start again. */
  movedDown: 0.65,
  /** What a change must pay on top. */
  upThreshold: 5,
  downThreshold: 4,
  /** Pools of at least so many workers pay it in full. */
  thresholdWorkers: 40,
  /** Right after a change of the other direction all of these are 1 + this many times as high, fading over the time below. */
  reversalFactor: 20,
  reversalFadeSec: 660,
  /** Deviations of its own count by which a measured level is taken higher than it was. */
  measuredDeviations: 0.75,
  /** While the forecast is learning, this share of the measured need is always there, */
  learningLeast: 0.9,
  /** at most so much of it is ordered, or so much for a jump that no wait is left for until ordered workers are there, */
  learningMost: 1.08,
  learningJump: 1.8,
  /** workers that only such a forecast asks for go when what may be ordered falls below this share of the count, */
  learningRelease: 0.9,
  /** and a missed minute costs at least so many minutes of its workers: `missFloor` is for a forecast that is trusted. */
  learningMissFloor: 1,
};
