import type { Holiday, KnownEvent } from '../demand-series.ts';
import type { ErrorBands } from '../error-bands.ts';
import type { LeadCoefficients } from '../regression/shape-regression.ts';
import type { Anomaly, AnomalyWatch } from './anomaly.ts';
import type { LeadRecord } from './lead-record.ts';
import type { Trust } from './trust.ts';

export interface PoolForecasterConfig {
  /** Length of one step of history and forecast, seconds, 300 to 3600; default 900. */
  stepSec?: number;
  /** IANA zone whose clock days and weeks follow; default UTC. */
  timeZone?: string;
  events?: readonly KnownEvent[];
  holidays?: readonly Holiday[];
}

/** One measurement: the mean arrival rate over `[startMs, + durationSec·1000)`; NaN is unknown. */
export interface DemandObservation {
  startMs: number;
  durationSec: number;
  ratePerSec: number;
}

/**
 * Everything the forecaster of one pool knows. Plain data that `updatePoolForecaster` changes in place; see
 * `packPoolForecaster` for its wire form.
 */
export interface PoolForecasterState {
  stepSec: number;
  timeZone: string;
  events: KnownEvent[];
  holidays: Holiday[];
  /** Number of the oldest kept step, counted from 1970. */
  firstStep: number;
  /** Closed steps kept. */
  count: number;
  /** Their rates without events, oldest first; NaN is unknown. */
  rates: Float32Array;
  /** The step that is being measured. */
  open: { step: number; weighted: number; knownMs: number };
  /** Scale of the square-root domain; see `rootScale`. */
  scale: number;
  /** Steps ever closed with a known rate. */
  learned: number;
  fit: PoolFit | null;
  records: LeadRecord[];
  anomalyWatch: AnomalyWatch;
  anomaly: Anomaly | null;
  trust: Trust;
}

export interface PoolFit {
  /** Step number at which the coefficients were fitted. */
  atStep: number;
  ladder: LeadCoefficients;
  bands: ErrorBands;
}

/** Nine weeks of quarter hours, nine months of hours. */
export const stepsKept = 6048;
/** The oldest steps are dropped this many at a time, because dropping means reading everything again. */
export const stepsDropped = 192;
