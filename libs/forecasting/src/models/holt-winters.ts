import type { FittedModel, ForecastModel, History } from '../forecast-model.ts';
import { gridSearch } from './search.ts';

type SeasonKind = 'additive' | 'multiplicative';

interface Parameters {
  alpha: number;
  beta: number;
  gamma: number;
  damping: number;
}

/** Holt-Winters over one day with additive season and damped trend. Bears zero load and night closures. */
export const holtWinters: ForecastModel = holtWintersModel('holt_winters', 'additive');

/**
 * The same with a multiplicative season. Only for demand that never comes near zero: seasonal factors are ratios to
 * a level, so it refuses to divide below a hundredth of the mean and loses to the additive form there.
 */
export const holtWintersMultiplicative: ForecastModel = holtWintersModel(
  'holt_winters_multiplicative',
  'multiplicative',
);

const fitDays = 21;

/** @see Winters, Forecasting sales by exponentially weighted moving averages, Management Science 6 (1960) */
function holtWintersModel(name: string, kind: SeasonKind): ForecastModel {
  return {
    name,
    stepsMin: ({ stepsPerDay }) => 2 * stepsPerDay + 1,
    fit: (history, steps): FittedModel => {
      const from = Math.max(0, steps - fitDays * history.calendar.stepsPerDay);
      const [alpha = 0.3, gamma = 0.2, damping = 0.9] = gridSearch(
        [
          [0.02, 0.8],
          [0.02, 0.6],
          [0.8, 0.98],
        ],
        ([a = 0, g = 0, d = 0]) =>
          run(history, from, steps, kind, { alpha: a, beta: 0.02, gamma: g, damping: d }).error,
        3,
      );
      const parameters = { alpha, beta: 0.02, gamma, damping };
      return {
        forecast: (origin, horizonSteps) => {
          const start = Math.max(0, origin - 2 * fitDays * history.calendar.stepsPerDay);
          const { level, trend, season } = run(history, start, origin, kind, parameters);
          const out = new Float64Array(horizonSteps);
          let reach = 0;
          let power = 1;
          for (let i = 0; i < horizonSteps; i++) {
            power *= damping;
            reach += power;
            const slot = history.calendar.daySlots[origin + i] as number;
            const base = level + reach * trend;
            out[i] = Math.max(
              0,
              kind === 'additive' ? base + (season[slot] as number) : base * (season[slot] as number),
            );
          }
          return out;
        },
      };
    },
  };
}

function run({ values, calendar }: History, from: number, to: number, kind: SeasonKind, p: Parameters) {
  const { stepsPerDay, daySlots } = calendar;
  const additive = kind === 'additive';
  const firstDayEnd = Math.min(to, from + stepsPerDay);
  let sum = 0;
  let known = 0;
  for (let i = from; i < firstDayEnd; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) {
      sum += value;
      known++;
    }
  }
  let level = known > 0 ? sum / known : 0;
  const floor = Math.max(1e-9, level * 0.01);
  const season = new Float64Array(stepsPerDay).fill(additive ? 0 : 1);
  for (let i = from; i < firstDayEnd; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) continue;
    season[daySlots[i] as number] = additive ? value - level : value / Math.max(floor, level);
  }
  let trend = 0;
  let error = 0;
  for (let i = firstDayEnd; i < to; i++) {
    const slot = daySlots[i] as number;
    const factor = season[slot] as number;
    const base = level + p.damping * trend;
    const value = values[i] as number;
    if (Number.isNaN(value)) {
      level = base;
      trend *= p.damping;
      continue;
    }
    const before = level;
    if (additive) {
      error += Math.abs(value - base - factor);
      level = base + p.alpha * (value - factor - base);
      season[slot] = factor + p.gamma * (value - level - factor);
    } else {
      error += Math.abs(value - base * factor);
      level = Math.max(floor, base + p.alpha * (value / Math.max(0.01, factor) - base));
      season[slot] = factor + p.gamma * (value / level - factor);
    }
    trend = p.damping * trend + p.beta * (level - before - p.damping * trend);
  }
  return { level, trend, season, error };
}
