import Type, { type Static } from 'typebox';
import { NonNegative, oneOf, PoolId, Probability, Quantity, Timestamp } from '../primitives.ts';

export const TrustState = oneOf('learning', 'trusted', 'demoted');
export type TrustState = Static<typeof TrustState>;

export const Anomaly = Type.Object({
  kind: oneOf('spike', 'drop', 'flat_line', 'level_shift'),
  score: NonNegative,
  reason: Type.String({ maxLength: 512 }),
});
export type Anomaly = Static<typeof Anomaly>;

export const ForecastAccuracy = Type.Object({
  mase: Type.Union([NonNegative, Type.Null()]),
  wape: Type.Union([NonNegative, Type.Null()]),
  coverage: Type.Union([Probability, Type.Null()]),
});
export type ForecastAccuracy = Static<typeof ForecastAccuracy>;

/** Sampled futures of demand over the lead time: rates_per_s[path][step], from `begins_at`, else from the forecast's `made_at`. */
export const DemandPaths = Type.Object({
  step_s: Type.Number({ exclusiveMinimum: 0, maximum: 1e9 }),
  begins_at: Type.Optional(Timestamp),
  rates_per_s: Type.Array(Type.Array(Quantity, { maxItems: 512 }), { maxItems: 512 }),
});
export type DemandPaths = Static<typeof DemandPaths>;

/** Demand ahead of `made_at`: element i covers `[made_at + i·step_s, + step_s)`. */
export const Forecast = Type.Object({
  pool: PoolId,
  made_at: Timestamp,
  step_s: Type.Number({ exclusiveMinimum: 0, maximum: 1e9 }),
  mean: Type.Array(Quantity, { maxItems: 10_080 }),
  intervals: Type.Array(
    Type.Object({
      level: Probability,
      lower: Type.Array(Quantity, { maxItems: 10_080 }),
      upper: Type.Array(Quantity, { maxItems: 10_080 }),
    }),
    { maxItems: 8 },
  ),
  model: Type.String({ maxLength: 64 }),
  accuracy: ForecastAccuracy,
  trust: Type.Object({ state: TrustState, reason: Type.String({ maxLength: 512 }) }),
  anomaly: Type.Union([Anomaly, Type.Null()]),
  paths: Type.Optional(DemandPaths),
});
export type Forecast = Static<typeof Forecast>;

/** When the first step of a forecast's sampled paths begins, ms since the epoch. */
export function pathsBeginMs(forecast: Pick<Forecast, 'made_at' | 'paths'>): number {
  return Date.parse(forecast.paths?.begins_at ?? forecast.made_at);
}
