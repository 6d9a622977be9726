import { bandProbabilities, type ErrorBands, normalQuantile } from '../error-bands.ts';
import type { PoolForecasterState } from './pool-state.ts';

/** Standard deviations per mean absolute deviation of normal errors, half as much again for what is not known yet. */
const guessedWidth = 1.25 * 1.5;

/** The measured errors, or before the first fit a guess that grows with the lead from the one-step errors seen. */
export function bandsOrGuess(state: PoolForecasterState): ErrorBands {
  if (state.fit && state.fit.bands.middles.length > 0) return state.fit.bands;
  const oneStep = (guessedWidth * Math.max(state.anomalyWatch.spread, 0.02)) / state.scale;
  const leads = [1, 4, 16, 96, 672];
  return {
    spread: { exponent: 0, floor: 0, slotFactors: new Float64Array(0) },
    middles: leads,
    quantiles: leads.map((lead) =>
      Float64Array.from(
        bandProbabilities,
        (probability) => oneStep * (1 + Math.log2(lead)) * normalQuantile(probability),
      ),
    ),
  };
}

/** Factor on interval widths at a lead, learned from outcomes of the watched leads. */
export function widthOf(state: PoolForecasterState, lead: number): number {
  const { records } = state;
  let [below, above] = [records[0], records[0]];
  for (const record of records) {
    if (record.leadSteps <= lead) below = record;
    above = record;
    if (record.leadSteps >= lead) break;
  }
  if (!below || !above) return 1;
  const [low, high] = [below.leadSteps, above.leadSteps];
  const share = high > low ? Math.min(1, Math.max(0, Math.log(lead / low) / Math.log(high / low))) : 0;
  return Math.exp(below.logWidth * (1 - share) + above.logWidth * share);
}
