import { type Forecast, timestamp } from '@capplan/contracts';
import { leadPaths } from '@capplan/forecasting';
import type { ForecasterConfig } from './config.ts';
import { type LongForecast, longForecast } from './long-forecast.ts';
import { HORIZON_SEC_MAX, type ModelSettings } from './model-settings.ts';
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
  config: Pick<ForecasterConfig, 'paths' | 'pathStepSec' | 'leadBeyondSec'>,
  memory: ForecastMemory = {},
): Forecast | undefined {
  if (model.untilMs === 0) return undefined;
  const stepMs = settings.stepSec * 1000;
  const steps = Math.max(1, Math.floor(Math.min(HORIZON_SEC_MAX, horizonSec) / settings.stepSec));

  // One step more than asked for: the newest observation lies inside a step.
  const longHorizonSec = Math.min(HORIZON_SEC_MAX, (steps + 1) * settings.stepSec);
  const key = JSON.stringify([model.long.firstStep, model.long.count, settings, longHorizonSec]);
  if (memory.long?.key !== key) {
    const forecast = longForecast(model.long, { settings, horizonSec: longHorizonSec }, memory.long?.forecast.trust);
    memory.long = { key, forecast };
  }
  const { forecast: long } = memory.long;
  const aheadSteps = Math.max(0, (model.untilMs - long.startMs) / stepMs);
  const shifted = (rates: ArrayLike<number>): number[] => shift(rates, aheadSteps, steps);
  const sampled = sampledPaths(model, settings, config);
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

function sampledPaths(
  model: PoolModel,
  { leadSec }: ModelSettings,
  config: Pick<ForecasterConfig, 'paths' | 'pathStepSec'>,
): Forecast['paths'] {
  const { pathStepSec: stepSec } = config;
  const steps = Math.min(512, Math.ceil(leadSec / stepSec));
  // Paths begin where the newest closed step of the lead forecaster ends; what is over by now is dropped.
  const closedMs = model.lead.openStep * model.lead.baseStepSec * 1000;
  const over = Math.max(0, Math.floor((model.untilMs - closedMs) / 1000 / stepSec));
  const paths = Math.min(config.paths, Math.max(pathsMin, Math.floor(pathFiguresMax / steps)));
  const sampled = leadPaths(model.lead, { stepSec, steps: steps + over, paths });
  if (sampled === undefined) return undefined;
  return {
    step_s: stepSec,
    rates_per_s: sampled.ratesPerSec.map((path) => path.slice(over).map(rounded)),
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

function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : 0;
}
