/**
 * The constants of the decision. One set for all pools; what differs between pools is in policies.
 * They were chosen on generated and recorded demand, see the README.
 */
export const tuning = {
  /** How far beyond the end of the start-up delay a decision looks, seconds, on top of the decision period. */
  beyondSec: 60,
  /** Charge for one allowed wait's worth of backlog at the end of the horizon, in missed minutes. */
  leftover: 1,
  /** A change must pay at least this many worker-minutes, plus this share of the workers moved. */
  upThreshold: 0.3,
  upThresholdPerWorker: 0,
  downThreshold: 1,
  downThresholdPerWorker: 0.2,
  /** A change against a recent one of the other direction must pay this many times as much, fading over this time. */
  reversalFactor: 4,
  reversalFadeSec: 600,
};
