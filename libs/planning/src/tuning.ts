/**
 * The constants of the decision. One set for all pools; what differs between pools is in policies.
 * They were chosen on generated and recorded demand, see the README.
 */
export const tuning = {
  /** How far beyond the end of the start-up delay a decision looks, seconds, on top of the decision period. */
  beyondSec: 60,
  /** Charge for one allowed wait's worth of backlog at the end of the horizon, in missed minutes. */
  leftover: 0.3,
  /** Backlog beyond that is worked off, later, by this share of the load as spare capacity. */
  drainShare: 0.25,
  /** A change must pay at least this many worker-minutes, plus this share of the workers moved. */
  /** A count below the load plus this many square roots of it is not considered when scaling in. */
  floorDeviations: 0.4,
  /** An objective is not given up because demand made it dear: a missed minute costs at least this many minutes of the load's workers. */
  missFloor: 1.5,
  movedUp: 1.5,
  movedDown: 2.4,
  upThreshold: 8,
  upThresholdPerWorker: 0,
  downThreshold: 6,
  downThresholdPerWorker: 0,
  /** A change against a recent one of the other direction must pay this many times as much, fading over this time. */
  reversalFactor: 10,
  reversalFadeSec: 600,
};
