import type { HistoryPoint, Snapshot } from '@capplan/contracts';
import {
  createLeadForecaster,
  createPoolForecaster,
  type LeadState,
  type LeadStateWire,
  leadStateFromWire,
  leadStateToWire,
  observeLead,
  type PackedPoolForecaster,
  type PoolForecasterState,
  packPoolForecaster,
  unpackPoolForecaster,
  updatePoolForecaster,
} from '@capplan/forecasting';
import { contradictionOf } from '@capplan/planning';
import { learningKey, type ModelSettings } from './model-settings.ts';

/** Everything learned about one pool's demand. Changed in place by `observe`. */
export interface PoolModel {
  /** Days and weeks. */
  long: PoolForecasterState;
  /** The next minutes. */
  lead: LeadState;
  /** End of the newest observation, ms since the epoch; 0 before the first. */
  untilMs: number;
  /** Time of the newest import into history that it has learned from; empty before the first. */
  importedAt: string;
}

export interface Observation {
  endMs: number;
  intervalSec: number;
  /** Null when it is not known, or not trusted: unknown is not zero. */
  ratePerSec: number | null;
}

export function createPoolModel(settings: ModelSettings): PoolModel {
  return {
    long: createPoolForecaster({
      stepSec: settings.stepSec,
      timeZone: settings.timeZone,
      events: settings.events,
    }),
    lead: createLeadForecaster({ leadSec: settings.leadSec, baseStepSec: settings.leadStepSec }),
    untilMs: 0,
    importedAt: '',
  };
}

/** What a snapshot says about demand. A suspect one, or one whose figures cannot be true together, says nothing. */
export function observationOf(snapshot: Snapshot): Observation {
  return {
    endMs: Date.parse(snapshot.timestamp),
    intervalSec: snapshot.interval_s,
    ratePerSec: snapshot.quality.trusted && contradictionOf(snapshot) === undefined ? snapshot.arrival_rate : null,
  };
}

/** What a stretch of history says about demand, where most of it was trusted. */
export function observationOfHistory(point: HistoryPoint): Observation {
  return {
    endMs: Date.parse(point.timestamp),
    intervalSec: point.interval_s,
    ratePerSec: (point.trusted_share ?? 1) >= 0.5 ? point.arrival_rate : null,
  };
}

/**
 * Learns from one observation. The same one again, or one that is older than the newest, changes nothing: messages may
 * come twice and out of order.
 *
 * @param onlyLong leaves the lead forecaster out: of what lies weeks back it remembers nothing
 * @returns whether it was new
 */
export function observe(model: PoolModel, observation: Observation, { onlyLong = false } = {}): boolean {
  const { endMs, ratePerSec } = observation;
  // Of an interval that overlaps what is known, only the rest is new.
  const startMs = Math.max(model.untilMs, endMs - observation.intervalSec * 1000);
  if (!(endMs > model.untilMs) || !(endMs > startMs)) return false;
  const intervalSec = (endMs - startMs) / 1000;
  updatePoolForecaster(model.long, {
    startMs,
    durationSec: intervalSec,
    ratePerSec: ratePerSec ?? Number.NaN,
  });
  if (!onlyLong) {
    observeLead(model.lead, { timeMs: endMs, arrivalRatePerSec: ratePerSec, intervalSec });
  }
  model.untilMs = endMs;
  return true;
}

interface PackedModel {
  v: 1;
  key: string;
  until_ms: number;
  imported_at?: string;
  long: PackedPoolForecaster;
  lead: LeadStateWire;
}

/** The model as bytes for the cache. */
export function packModel(model: PoolModel, settings: ModelSettings): Uint8Array {
  const packed: PackedModel = {
    v: 1,
    key: learningKey(settings),
    until_ms: model.untilMs,
    imported_at: model.importedAt,
    long: packPoolForecaster(model.long),
    lead: leadStateToWire(model.lead),
  };
  return new TextEncoder().encode(JSON.stringify(packed));
}

/** The model again; undefined when it was learned under other settings, by another version, or cannot be read. */
export function unpackModel(bytes: Uint8Array, settings: ModelSettings): PoolModel | undefined {
  try {
    const packed = JSON.parse(new TextDecoder().decode(bytes)) as PackedModel;
    if (packed.v !== 1 || packed.key !== learningKey(settings)) return undefined;
    const lead = leadStateFromWire(packed.lead);
    if (!lead.ok) return undefined;
    const long = unpackPoolForecaster(packed.long);
    // Events may have been added since; what they did to the past was taken out when it was observed.
    return {
      long: { ...long, events: [...settings.events] },
      lead: lead.state,
      untilMs: packed.until_ms,
      importedAt: packed.imported_at ?? '',
    };
  } catch {
    // Whatever it was, history brings the model back.
    return undefined;
  }
}
