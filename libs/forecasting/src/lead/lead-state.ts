import type { ErrorRing } from './error-ring.ts';
import type { Regression } from './regression.ts';
import type { SeasonalRing } from './seasonal-ring.ts';

export interface LeadForecasterConfig {
  /** How far ahead decisions look, seconds: start-up delay + decision period + drain window. */
  leadSec: number;
  /** Grid on which demand is learned, seconds; default 60. */
  baseStepSec?: number;
}

/** One series smoothed with the same two filters as demand itself. NaN until a first value is known. */
export interface Smoothed {
  newest: number;
  fast: number;
  slow: number;
}

/**
 * What the forecaster knows of one pool. `observeLead` changes it in place;
 * `leadStateToWire` makes JSON of it and `leadStateFromWire` restores it exactly.
 */
export interface LeadState {
  readonly baseStepSec: number;
  /** Leads that have a regression of their own, in base steps, ascending; the last one is the longest. */
  readonly leads: readonly number[];
  /** The base step being filled: its index since the epoch, the jobs and seconds seen so far. */
  openStep: number;
  openJobs: number;
  openSec: number;
  /** Base steps that had a value, since the start. */
  seenSteps: number;
  /** Square root of the highest demand of the last weeks, fading; what a single step adds to it is bounded. */
  peak: number;
  /** Square root of the newest measured demand, as it was; NaN until there is one. */
  measured: number;
  /** Square root of demand, and of demand at this time yesterday, a week ago and in the usual week. */
  now: Smoothed;
  day: Smoothed;
  week: Smoothed;
  usual: Smoothed;
  /** How far the newest value lay outside what a step ahead was thought possible; 0 on a usual day. */
  surprise: number;
  /** What the last surge adds to every forecast, square root of demand; fades. */
  lift: number;
  /** Time for which the last surge is still taken to go on, seconds. */
  surgeSec: number;
  ring: SeasonalRing;
  /** See week-shape.ts. */
  weekShape: Uint16Array;
  models: Regression[];
  /** Forecasts that wait for their truth, and the features they came from, by origin modulo the longest lead + 1. */
  pendingLevel: Float64Array;
  pendingForecast: Float64Array;
  pendingFeatures: Float32Array;
  pendingError: Float64Array;
  /** Errors of recent origins, and of one origin in five over a week. */
  recent: ErrorRing;
  thinned: ErrorRing;
}
