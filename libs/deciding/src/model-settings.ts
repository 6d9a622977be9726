import { CapacityError, durationSec, type Policy } from '@capplan/contracts';
import type { KnownEvent } from '@capplan/forecasting';
import { decisionHorizonSec, type PoolFacts } from '@capplan/planning';

type ModelName = NonNullable<Policy['forecast']['model']>;

/** How finely demand is learned and sampled; the same for all pools. */
export interface ModelSteps {
  /** Step of the long forecast, seconds; a whole part of a day. */
  stepSec: number;
  /** Step on which demand over the lead time is learned, seconds. */
  leadStepSec: number;
  /** Step of the sampled demand paths, seconds, and their number. */
  pathStepSec: number;
  paths: number;
}

export const modelStepsDefault: ModelSteps = { stepSec: 900, leadStepSec: 60, pathStepSec: 30, paths: 64 };

/** What a pool and its policy ask of its forecaster. */
export interface ModelSettings extends ModelSteps {
  pool: string;
  model: ModelName;
  timeZone: string;
  events: KnownEvent[];
  /** How far ahead paths reach: as far as a decision looks. */
  leadSec: number;
  /** How far ahead the published forecast reaches; at most seven days. */
  horizonSec: number;
}

const horizonSecDefault = 86_400;
export const horizonSecMax = 7 * 86_400;
/** Counts are weighed once a minute. */
const minuteSec = 60;

/**
 * A pool without a policy yet is forecast with the defaults, so that it has learned something when its policy comes.
 *
 * @throws `policy_mismatch` for a policy, of an older version, whose time zone does not exist
 */
export function modelSettings(
  pool: Pick<PoolFacts, 'id' | 'startupDelaySec'>,
  policy: Pick<Policy, 'id' | 'forecast'> | undefined,
  steps: ModelSteps = modelStepsDefault,
): ModelSettings {
  const asked = policy?.forecast ?? {};
  const timeZone = asked.time_zone ?? 'UTC';
  requireTimeZone(timeZone, policy?.id);
  const horizonSec = asked.horizon === undefined ? horizonSecDefault : durationSec(asked.horizon);
  return {
    pool: pool.id,
    model: asked.model ?? 'auto',
    timeZone,
    events: (asked.events ?? []).map((event) => ({
      ...(event.name !== undefined && { name: event.name }),
      fromMs: Date.parse(event.from),
      toMs: Date.parse(event.to),
      multiplier: event.multiplier,
    })),
    stepSec: steps.stepSec,
    leadStepSec: steps.leadStepSec,
    pathStepSec: steps.pathStepSec,
    paths: steps.paths,
    leadSec: decisionHorizonSec({ startupDelaySec: pool.startupDelaySec, decisionPeriodSec: minuteSec }),
    horizonSec: Math.min(horizonSecMax, Math.max(steps.stepSec, horizonSec)),
  };
}

const knownTimeZones = new Set(['UTC']);

function requireTimeZone(name: string, policyId: string | undefined): void {
  if (knownTimeZones.has(name)) return;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch (cause) {
    const said = `policy ${policyId} names the time zone '${name}', which does not exist; put it with one that does`;
    throw new CapacityError('policy_mismatch', said, { cause });
  }
  knownTimeZones.add(name);
}

/** What a learned model cannot be carried over from: with another key, everything is learned anew from history. */
export function learningKey(settings: ModelSettings): string {
  const { timeZone, stepSec, leadStepSec, leadSec } = settings;
  return JSON.stringify([timeZone, stepSec, leadStepSec, leadSec]);
}
