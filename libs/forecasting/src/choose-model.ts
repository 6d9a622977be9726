import type { History } from './forecast-model.ts';
import { type ForecastModelName, forecastModels } from './models/catalogue.ts';
import { meanAbsoluteError, rollForward, spreadOrigins } from './rolling-origin.ts';

export interface CandidateScore {
  model: ForecastModelName;
  /** Mean absolute error relative to the naive forecast's, averaged over lead bands; below 1 is better than naive. */
  relativeError: number;
}

const candidates: readonly ForecastModelName[] = [
  'shape_regression',
  'ewma',
  'growing_season',
  'holt',
  'holt_winters',
  'seasonal_naive_day',
  'seasonal_naive_week',
  'same_time_mean',
];
const origins = 24;
/** Another model must be this much better to displace the first: small differences are luck. */
const advantage = 0.8;

/** The model with the least error on the part of the history from `judgedFrom` on, fitted to what lies before. */
export function chooseModel(
  history: History,
  { judgedFrom, known, horizonSteps }: { judgedFrom: number; known: number; horizonSteps: number },
): { name: ForecastModelName; scores: CandidateScore[] } {
  const to = history.values.length;
  const at = spreadOrigins({ from: judgedFrom, to, count: origins });
  const bands = leadBands(history.calendar.stepsPerDay, horizonSteps);
  const errorsOf = (name: ForecastModelName): number[] => {
    const forecasts = rollForward(forecastModels[name].fit(history, judgedFrom), history, at, horizonSteps);
    return bands.map((band) => meanAbsoluteError(history, at, forecasts, band));
  };
  const yardstick = errorsOf('naive');
  const share = Math.min(known, judgedFrom);
  const isLongEnough = (name: ForecastModelName): boolean => share >= forecastModels[name].stepsMin(history.calendar);
  const scores = candidates
    .filter(isLongEnough)
    // Holt's trend fades within hours; where growth can be measured between days it has nothing to say.
    .filter((name) => name !== 'holt' || !isLongEnough('growing_season'))
    .map((model) => {
      const ratios = errorsOf(model)
        .map((error, i) => (error + 1e-12) / ((yardstick[i] as number) + 1e-12))
        .filter((ratio) => !Number.isNaN(ratio));
      const logMean = ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / Math.max(1, ratios.length);
      return { model, relativeError: ratios.length > 0 ? Math.exp(logMean) : 1 };
    });
  const rhythm = forecastModels.shape_regression.stepsMin(history.calendar);
  if (share < rhythm && known >= rhythm && horizonSteps * 24 > history.calendar.stepsPerDay) {
    // One day has been seen, too little to judge by. That days resemble each other is the better guess beyond an hour.
    return { name: 'shape_regression', scores };
  }
  const first = scores[0];
  if (!first) return { name: 'naive', scores: [] };
  const best = scores.reduce((winner, score) =>
    score.relativeError < winner.relativeError * (winner === first ? advantage : 1) ? score : winner,
  );
  return { name: best.model, scores: [...scores].sort((a, b) => a.relativeError - b.relativeError) };
}

/** An hour, the rest of a day, the rest of the week: whoever wins one of them need not win the others. */
function leadBands(stepsPerDay: number, horizonSteps: number): { leadMin: number; leadMax: number }[] {
  const hour = Math.max(1, Math.round(stepsPerDay / 24));
  const edges = [0, hour, stepsPerDay, 7 * stepsPerDay];
  return edges
    .slice(1)
    .map((edge, i) => ({ leadMin: (edges[i] as number) + 1, leadMax: Math.min(edge, horizonSteps) }))
    .filter(({ leadMin, leadMax }) => leadMax >= leadMin);
}
