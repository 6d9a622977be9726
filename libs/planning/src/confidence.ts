import type { Candidate } from './candidates.ts';
import type { Deliberation } from './deliberation.ts';
import { tuning } from './tuning.ts';

/** Probability that a minute in reach of the decision misses its target, were this candidate ordered. */
export function missProbabilityInReach(d: Pick<Deliberation, 'field'>, candidate: Candidate): number {
  const { steps, stepSec } = d.field.demand;
  const minutes = ((steps - d.field.reachFrom) * stepSec) / 60;
  return Math.min(1, candidate.outcome.missedMinutesInReach / minutes);
}

const ofData = { good: 1, stale: 0.6, suspect: 0.6, missing: 0 } as const;
/** What a guess around the newest measurement is worth against sampled futures with measured errors. */
const withoutFutures = 0.9;

/**
 * Share of the sampled minutes that keep the objective, lowered where the measurement behind them is doubtful. While the
 * forecast is learning, its futures are no witness against a count that the highest level of the last minutes has enough with.
 */
export function confidenceOf(d: Deliberation, candidate: Candidate): number {
  const ofForecast = d.input.forecast?.paths === undefined ? withoutFutures : 1;
  const foreseen = (1 - missProbabilityInReach(d, candidate)) * ofForecast;
  const isEnough = d.measured !== undefined && candidate.workers >= tuning.learningLeast * d.measured.keptWorkers;
  const share = (isEnough ? Math.max(withoutFutures, foreseen) : foreseen) * ofData[d.data.state];
  return Math.max(0, Math.min(1, share));
}
