export type { CandidateScore } from './choose-model.ts';
export type { DemandSeries, Holiday, KnownEvent } from './demand-series.ts';
export {
  type DemandForecast,
  type ForecastInterval,
  type ForecastOptions,
  type ForecastResult,
  fitForecast,
} from './fit-forecast.ts';
export type { ForecastAccuracy } from './forecast-accuracy.ts';
export type { FittedModel, ForecastModel, History } from './forecast-model.ts';
export {
  createLeadForecaster,
  type LeadForecasterConfig,
  type LeadPaths,
  type LeadState,
  type LeadStateFromWire,
  type LeadStateWire,
  leadPaths,
  leadStateFromWire,
  leadStateToWire,
  observeLead,
} from './lead/index.ts';
export { type ForecastModelName, forecastModels } from './models/catalogue.ts';
export type { Anomaly, AnomalyKind } from './online/anomaly.ts';
export { forecastPool, isRefitDue, type PoolForecast, refitPoolForecaster } from './online/forecast-pool.ts';
export { createPoolForecaster, updatePoolForecaster } from './online/pool-forecaster.ts';
export type { DemandObservation, PoolForecasterConfig, PoolForecasterState } from './online/pool-state.ts';
export { type PackedPoolForecaster, packPoolForecaster, unpackPoolForecaster } from './online/pool-wire.ts';
export type { Trust, TrustState } from './online/trust.ts';
export { createSeasonCalendar, type SeasonCalendar } from './season-calendar.ts';
export { type LongInterval, spreadCounts } from './spread-counts.ts';
export { type UtcOffset, utcOffsetOf } from './wall-clock.ts';
