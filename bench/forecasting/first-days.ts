import { type ForecastModelName, fitForecast } from '@capplan/forecasting';
import type { ArrivalTrace } from '@capplan/traces';

const stretches = 6;
const knownShareMin = 0.8;

/** How a model does on a pool of few days: errors relative to holding the newest value, geometric means. */
export interface FirstDaysScore {
  hour: number;
  day: number;
  coverage: number;
  cases: number;
}

/** Forecasts one day from `days` of history, at several places of each trace. */
export function firstDaysScore(
  traces: readonly ArrivalTrace[],
  days: number,
  model: ForecastModelName | 'auto',
): FirstDaysScore {
  const logs = { hour: [] as number[], day: [] as number[] };
  let [covered, cases] = [0, 0];
  for (const trace of traces) {
    const perDay = Math.round(86_400 / trace.intervalSec);
    const length = Math.round(days * perDay);
    for (let k = 0; k < stretches; k++) {
      const from = Math.floor(trace.ratesPerSec.length * (0.05 + 0.1 * k));
      const history = trace.ratesPerSec.slice(from, from + length);
      const actual = trace.ratesPerSec.slice(from + length, from + length + perDay);
      const known = history.filter((rate) => !Number.isNaN(rate)).length;
      if (actual.length < perDay || known < knownShareMin * length) continue;
      const startMs = trace.startMs + from * trace.intervalSec * 1000;
      const series = { startMs, intervalSec: trace.intervalSec, ratesPerSec: history };
      const result = fitForecast(series, { horizonSteps: perDay, model, levels: [0.95] });
      const naive = fitForecast(series, { horizonSteps: perDay, model: 'naive' });
      if (!result.ok || !naive.ok) throw new Error(`${trace.name}: cannot be forecast from ${days} days`);
      for (const [span, steps] of [
        ['hour', Math.max(1, Math.round(perDay / 24))],
        ['day', perDay],
      ] as const) {
        const ratio =
          error(actual, result.forecast.meanPerSec, steps) / error(actual, naive.forecast.meanPerSec, steps);
        if (ratio > 0 && ratio < Infinity) logs[span].push(Math.log(ratio));
      }
      const [interval] = result.forecast.intervals;
      const measured = actual.filter((rate) => !Number.isNaN(rate)).length;
      const inside = actual.filter(
        (rate, i) =>
          rate >= (interval?.lowerPerSec[i] as number) - 1e-9 && rate <= (interval?.upperPerSec[i] as number) + 1e-9,
      );
      if (measured === 0) continue;
      covered += inside.length / measured;
      cases++;
    }
  }
  const geometricMean = (list: number[]): number => Math.exp(list.reduce((sum, x) => sum + x, 0) / list.length);
  return { hour: geometricMean(logs.hour), day: geometricMean(logs.day), coverage: covered / cases, cases };
}

function error(actual: Float64Array, forecast: Float64Array, steps: number): number {
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const difference = Math.abs((actual[i] as number) - (forecast[i] as number));
    if (!Number.isNaN(difference)) sum += difference;
  }
  return sum;
}
