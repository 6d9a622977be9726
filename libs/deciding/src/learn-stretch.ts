import { isRefitDue, refitPoolForecaster, spreadCounts } from '@capplan/forecasting';
import { createRandomStream } from '@capplan/random';
import type { ModelSettings } from './model-settings.ts';
import { type Observation, observe, type PoolModel } from './pool-model.ts';

/** The lead forecaster's usual week is made of about three: what lies further back, it does not remember. */
export const leadMemoryDays = 22;

/** A fit on half as much history again is worth having; more of them would teach little and take long. */
const refitGrowth = 1.5;
/** Stretches whose ends lie no further apart follow each other, ms. */
const sameMomentMs = 1_000;

/**
 * Teaches a model one stretch of a past that somebody else measured.
 *
 * A stretch that is longer than the step a forecaster learns by is spread over its steps with the chance that its mean
 * hides, the same at every time and in every replica.
 *
 * @param past stretches in order; that at `at` is learned, its neighbours say how it rises
 * @param isFlat demand did not rise within a stretch, whatever its neighbours say
 */
export function learnStretch(
  model: PoolModel,
  settings: ModelSettings,
  past: readonly Observation[],
  { at, onlyLong, isFlat = false }: { at: number; onlyLong: boolean; isFlat?: boolean },
): void {
  const whole = past[at] as Observation;
  const stepSec = onlyLong ? settings.stepSec : settings.leadStepSec;
  const parts = Math.max(1, Math.round(whole.intervalSec / stepSec));
  if (parts === 1 || whole.ratePerSec === null) return void observe(model, whole, { onlyLong });
  const startMs = whole.endMs - whole.intervalSec * 1000;
  const rates = spreadCounts(
    {
      ratePerSec: whole.ratePerSec,
      intervalSec: whole.intervalSec,
      beforePerSec: isFlat ? Number.NaN : rateEnding(past[at - 1], startMs),
      afterPerSec: isFlat ? Number.NaN : rateBeginning(past[at + 1], whole.endMs),
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

/** Fits coefficients anew when history has grown enough since the last fit. */
export function refitAsHistoryGrows({ long }: PoolModel): void {
  if (!isRefitDue(long)) return;
  if (long.fit === null || long.count >= refitGrowth * (long.fit.atStep - long.firstStep)) refitPoolForecaster(long);
}

function rateEnding(past: Observation | undefined, ms: number): number {
  if (past === undefined || Math.abs(past.endMs - ms) > sameMomentMs) return Number.NaN;
  return past.ratePerSec ?? Number.NaN;
}

function rateBeginning(past: Observation | undefined, ms: number): number {
  if (past === undefined) return Number.NaN;
  const startMs = past.endMs - past.intervalSec * 1000;
  return Math.abs(startMs - ms) > sameMomentMs ? Number.NaN : (past.ratePerSec ?? Number.NaN);
}
