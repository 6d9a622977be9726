import type { FittedModel, History } from './forecast-model.ts';

/** Origins spread evenly over [from, to), newest last. */
export function spreadOrigins({ from, to, count }: { from: number; to: number; count: number }): number[] {
  const span = to - from;
  const used = Math.max(0, Math.min(count, span));
  const origins: number[] = [];
  for (let i = 0; i < used; i++) origins.push(from + Math.floor((i * span) / used));
  return origins;
}

export function rollForward(
  model: FittedModel,
  history: History,
  origins: readonly number[],
  horizonSteps: number,
): Float64Array[] {
  return origins.map((origin) => model.forecast(origin, Math.min(horizonSteps, history.values.length - origin)));
}

/** Mean absolute error over all steps of all forecasts whose lead lies in [leadMin, leadMax]; NaN without any. */
export function meanAbsoluteError(
  { values }: History,
  origins: readonly number[],
  forecasts: readonly Float64Array[],
  { leadMin, leadMax }: { leadMin: number; leadMax: number },
): number {
  let sum = 0;
  let count = 0;
  for (const [i, origin] of origins.entries()) {
    const forecast = forecasts[i] as Float64Array;
    const last = Math.min(leadMax, forecast.length);
    for (let lead = leadMin; lead <= last; lead++) {
      const actual = values[origin + lead - 1] as number;
      if (Number.isNaN(actual)) continue;
      sum += Math.abs(actual - (forecast[lead - 1] as number));
      count++;
    }
  }
  return count > 0 ? sum / count : Number.NaN;
}
