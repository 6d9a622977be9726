import { CapacityError, durationSec, type Policy, type Pool, startupDelaySec } from '@capplan/contracts';
import type { KnownEvent } from '@capplan/forecasting';
import type { ForecasterConfig } from './config.ts';

type ModelName = NonNullable<Policy['forecast']['model']>;

/** What a pool and its policy ask of its forecaster. */
export interface ModelSettings {
  pool: string;
  model: ModelName;
  timeZone: string;
  events: KnownEvent[];
  stepSec: number;
  leadStepSec: number;
  /** How far ahead paths reach. */
  leadSec: number;
  /** How far ahead the published forecast reaches; at most seven days. */
  horizonSec: number;
}

const HORIZON_SEC_DEFAULT = 86_400;
export const HORIZON_SEC_MAX = 7 * 86_400;

/**
 * A pool without a policy yet is forecast with the defaults, so that it has learned something when its policy comes.
 *
 * @throws `policy_mismatch` for a policy, of an older version, whose time zone does not exist
 */
export function modelSettings(pool: Pool, policy: Policy | undefined, config: ForecasterConfig): ModelSettings {
  const asked = policy?.forecast ?? {};
  const timeZone = asked.time_zone ?? 'UTC';
  requireTimeZone(timeZone, policy?.id);
  const horizonSec = asked.horizon === undefined ? HORIZON_SEC_DEFAULT : durationSec(asked.horizon);
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
    stepSec: config.stepSec,
    leadStepSec: config.leadStepSec,
    leadSec: startupDelaySec(pool) + config.leadBeyondSec,
    horizonSec: Math.min(HORIZON_SEC_MAX, Math.max(config.stepSec, horizonSec)),
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
