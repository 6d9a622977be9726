import type { HistoryPoint } from '@capplan/contracts';
import {
  learnStretch,
  type ModelSettings,
  observationOfHistory,
  type PoolModel,
  refitAsHistoryGrows,
} from '@capplan/deciding';
import { type HistoryPage, historyPages } from './history-pages.ts';

/** What learning from history needs from outside. */
export interface HistorySource {
  /** The points of one page, oldest first. */
  read(page: HistoryPage): Promise<readonly HistoryPoint[]>;
  nowMs(): number;
  /** Lets others have their turn. */
  rest(): Promise<void>;
}

/** Points learned in one go: some milliseconds' worth. */
const pointsAtOnce = 50;

/**
 * Teaches a model everything that history holds since its newest observation, page by page, so that it ends where one
 * ends that has lived through it.
 *
 * A stretch that is longer than the step a forecaster learns by is spread over its steps with the chance that its mean
 * hides, the same at every time and in every replica. Coefficients are fitted as history grows.
 */
export async function learnHistory(model: PoolModel, settings: ModelSettings, source: HistorySource): Promise<void> {
  for (const page of historyPages({ sinceMs: model.untilMs, nowMs: source.nowMs() })) {
    const past = (await source.read(page)).map(observationOfHistory);
    for (let from = 0; from < past.length; from += pointsAtOnce) {
      const to = Math.min(past.length, from + pointsAtOnce);
      for (let at = from; at < to; at++) learnStretch(model, settings, past, { at, onlyLong: page.onlyLong });
      refitAsHistoryGrows(model);
      await source.rest();
    }
  }
}
