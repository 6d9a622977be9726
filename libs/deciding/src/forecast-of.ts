import { type Forecast, timestamp } from '@capplan/contracts';
import { leadPaths } from '@capplan/forecasting';
import { type LongForecast, longForecast } from './long-forecast.ts';
import { horizonSecMax, type ModelSettings } from './model-settings.ts';
import type { PoolModel } from './pool-model.ts';

/** Kept between forecasts of one pool: the long part changes only when a step closes. */
export interface ForecastMemory {
  long?: { key: string; forecast: LongForecast };
}

/**
 * What is known about this pool's demand ahead, as of its newest observation?
 *
 * The long forecast, shifted so that element 0 begins with the newest observation; and sampled paths over the lead
 * time, from the forecaster that decisions lean on. Figures are rounded to four digits: more would be noise.
 *
 * Deterministic: the same model, settings and horizon give the same forecast.
 *
 * @param horizonSec how far to look ahead, seconds
 * @returns undefined before the first observation
 */
export function forecastOf(
  model: PoolModel,
  { settings, horizonSec }: { settings: ModelSettings; horizonSec: number },
  memory: ForecastMemory = {},
): Forecast | undefined {
  if (model.untilMs === 0) return undefined;
  const stepMs = settings.stepSec * 1000;
  const steps = Math.max(1, Math.floor(Math.min(horizonSecMax, horizonSec) / settings.stepSec));

  // One step more than asked for: the newest observation lies inside a step.
  const longHorizonSec = Math.min(horizonSecMax, (steps + 1) * settings.stepSec);
  const key = JSON.stringify([model.long.firstStep, model.long.count, settings, longHorizonSec]);
  if (memory.long?.key !== key) {
    const forecast = longForecast(model.long, { settings, horizonSec: longHorizonSec }, memory.long?.forecast.trust);
    memory.long = { key, forecast };
  }
  const { forecast: long } = memory.long;
  const aheadSteps = Math.max(0, (model.untilMs - long.startMs) / stepMs);
  const shifted = (rates: ArrayLike<number>): number[] => shift(rates, aheadSteps, steps);
  const sampled = sampledPaths(model, settings);
  return {
    pool: settings.pool,
    made_at: timestamp(model.untilMs),
    step_s: settings.stepSec,
    mean: shifted(long.meanPerSec),
    intervals: long.intervals.map(({ level, lowerPerSec, upperPerSec }) => ({
      level,
      lower: shifted(lowerPerSec),
      upper: shifted(upperPerSec),
    })),
    model: long.model,
    accuracy: long.accuracy,
    trust: long.trust,
    anomaly: long.anomaly && { ...long.anomaly, reason: long.anomaly.reason.slice(0, 512) },
    ...(sampled !== undefined && { paths: sampled }),
  };
}

/** So many figures of paths are sent at the most: half a message, as JSON. */
const pathFiguresMax = 49_152;
const pathsMin = 8;

function sampledPaths(model: PoolModel, settings: ModelSettings): Forecast['paths'] {
  const { leadSec, pathStepSec: stepSec } = settings;
  // Paths begin where the newest closed step of the lead forecaster ends, which may be a little ago.
  const beginsMs = model.lead.openStep * model.lead.baseStepSec * 1000;
  const lateSec = Math.max(0, model.untilMs - beginsMs) / 1000;
  const steps = Math.min(512, Math.ceil((leadSec + lateSec) / stepSec));
  const paths = Math.min(settings.paths, Math.max(pathsMin, Math.floor(pathFiguresMax / steps)));
  const sampled = leadPaths(model.lead, { stepSec, steps, paths });
  if (sampled === undefined) return undefined;
  return {
    step_s: stepSec,
    begins_at: timestamp(beginsMs),
    rates_per_s: sampled.ratesPerSec.map((path) => path.map(rounded)),
  };
}

/** The series seen from `ahead` steps later: what a shifted step covers of its two neighbours. */
function shift(rates: ArrayLike<number>, ahead: number, steps: number): number[] {
  const whole = Math.floor(ahead);
  const part = ahead - whole;
  const last = rates.length - 1;
  const at = (i: number): number => Math.max(0, rates[Math.min(last, i)] ?? 0);
  return Array.from({ length: steps }, (_, i) => rounded((1 - part) * at(whole + i) + part * at(whole + i + 1)));
}

/** Four digits; a decision makes some hundred figures, and going by their text would cost more than the decision. */
function rounded(value: number): number {
  if (!Number.isFinite(value) || value <= 0) return 0;
  const digits = 3 - Math.floor(Math.log10(value));
  if (digits < 0) return Math.round(value * 10 ** digits) * 10 ** -digits;
  // Beyond what a power of ten can say exactly.
  if (digits > 22) return Number(value.toPrecision(4));
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
