import type { HistoryPoint } from '@capplan/contracts';
import { isRefitDue, refitPoolForecaster, spreadCounts } from '@capplan/forecasting';
import { createRandomStream } from '@capplan/random';
import { type HistoryPage, historyPages } from './history-pages.ts';
import type { ModelSettings } from './model-settings.ts';
import { observationOfHistory, observe, type PoolModel } from './pool-model.ts';

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
/** A fit on half as much history again is worth having; more of them would teach little and take long. */
const refitGrowth = 1.5;
/** Stretches whose ends lie no further apart follow each other, ms. */
const sameMomentMs = 1_000;

/**
 * Teaches a model everything that history holds since its newest observation, page by page, so that it ends where one
 * ends that has lived through it.
 *
 * A stretch that is longer than the step a forecaster learns by is spread over its steps with the chance that its mean
 * hides, the same at every time and in every replica. Coefficients are fitted as history grows.
 */
export async function learnHistory(model: PoolModel, settings: ModelSettings, source: HistorySource): Promise<void> {
  for (const page of historyPages({ sinceMs: model.untilMs, nowMs: source.nowMs() })) {
    const points = await source.read(page);
    for (let from = 0; from < points.length; from += pointsAtOnce) {
      const to = Math.min(points.length, from + pointsAtOnce);
      for (let at = from; at < to; at++) observePoint(model, settings, page, points, at);
      if (isWorthRefit(model)) refitPoolForecaster(model.long);
      await source.rest();
    }
  }
}

function observePoint(
  model: PoolModel,
  settings: ModelSettings,
  { onlyLong }: HistoryPage,
  points: readonly HistoryPoint[],
  at: number,
): void {
  const whole = observationOfHistory(points[at] as HistoryPoint);
  const stepSec = onlyLong ? settings.stepSec : settings.leadStepSec;
  const parts = Math.max(1, Math.round(whole.intervalSec / stepSec));
  if (parts === 1 || whole.ratePerSec === null) return void observe(model, whole, { onlyLong });
  const startMs = whole.endMs - whole.intervalSec * 1000;
  const rates = spreadCounts(
    {
      ratePerSec: whole.ratePerSec,
      intervalSec: whole.intervalSec,
      beforePerSec: rateEnding(points[at - 1], startMs),
      afterPerSec: rateBeginning(points[at + 1], whole.endMs),
    },
    parts,
    createRandomStream(`${settings.pool}@${whole.endMs}`),
  );
  const partSec = whole.intervalSec / parts;
  for (const [part, ratePerSec] of rates.entries()) {
    const endMs = Math.round(startMs + (part + 1) * partSec * 1000);
    observe(model, { endMs, intervalSec: partSec, ratePerSec }, { onlyLong });
  }
}

function rateEnding(point: HistoryPoint | undefined, ms: number): number {
  if (point === undefined || Math.abs(Date.parse(point.timestamp) - ms) > sameMomentMs) return Number.NaN;
  return observationOfHistory(point).ratePerSec ?? Number.NaN;
}

function rateBeginning(point: HistoryPoint | undefined, ms: number): number {
  if (point === undefined) return Number.NaN;
  const startMs = Date.parse(point.timestamp) - point.interval_s * 1000;
  return Math.abs(startMs - ms) > sameMomentMs ? Number.NaN : (observationOfHistory(point).ratePerSec ?? Number.NaN);
}

function isWorthRefit({ long }: PoolModel): boolean {
  if (!isRefitDue(long)) return false;
  return long.fit === null || long.count >= refitGrowth * (long.fit.atStep - long.firstStep);
}
