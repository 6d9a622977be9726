import { durationSec, type Forecast, type Plan, type Requirement, type Snapshot } from '@capplan/contracts';
import { type QuantileSketch, sketchFromWire } from '@capplan/sketch';
import type { DemoPool } from './demo-pool.ts';

/** What the services' messages add up to. Times virtual, in seconds. */
export interface BoardFigures {
  /** Paid time of workers in the windows that were measured. */
  workerSec: number;
  /** Windows that have passed since the start, those that were measured, and those whose measurements were whole. */
  windows: number;
  windowsMeasured: number;
  windowsTrusted: number;
  maxBacklog: number;
  forecastWape: number | null;
  plansProposed: number;
  plansCarriedOut: number;
}

/** What the live screen shows, oldest first. */
export interface Moment {
  timeMs: number;
  arrivalRate: number;
  forecastRate: number | null;
  workers: number;
  required: number | null;
  backlog: number;
  responseP95Sec: number | null;
}

export interface Scoreboard {
  snapshot(snapshot: Snapshot): void;
  forecast(forecast: Forecast): void;
  requirement(requirement: Requirement): void;
  plan(status: 'proposed' | 'completed' | 'other', plan: Plan): void;
  figures(nowMs: number): BoardFigures;
  moments(): readonly Moment[];
  lastPlan(): Plan | undefined;
}

const momentsKept = 720;

/** Adds up a run from what its services publish. Meeting a message twice changes nothing. */
export function createScoreboard({ pool, snapshotIntervalSec }: DemoPool, startedMs: number): Scoreboard {
  /** Windows that ended within the run, by their end, and whether their measurements were whole. */
  const windows = new Map<number, boolean>();
  const proposed = new Set<string>();
  const carriedOut = new Set<string>();
  const moments: Moment[] = [];
  let promises: { dueMs: number; rate: number }[] = [];
  let workerSec = 0;
  let maxBacklog = 0;
  let absoluteError = 0;
  let demand = 0;
  let forecastRate: number | null = null;
  let required: number | null = null;
  let newest: Plan | undefined;

  return {
    snapshot: (snapshot) => {
      const timeMs = Date.parse(snapshot.timestamp);
      if (timeMs <= startedMs || windows.has(timeMs)) return;
      windows.set(timeMs, snapshot.quality.trusted);
      workerSec += (snapshot.current_workers + snapshot.starting_workers) * snapshot.interval_s;
      maxBacklog = Math.max(maxBacklog, snapshot.backlog);
      const sketch = readSketch(snapshot.response_time_sketch);
      const p95 = sketch && sketch.count > 0 ? sketch.quantile(0.95) : null;
      const due = promises.filter(({ dueMs }) => dueMs > timeMs - snapshot.interval_s * 1000 && dueMs <= timeMs);
      promises = promises.filter(({ dueMs }) => dueMs > timeMs);
      if (due.length > 0 && snapshot.quality.trusted) {
        const expected = due.reduce((sum, { rate }) => sum + rate, 0) / due.length;
        absoluteError += Math.abs(snapshot.arrival_rate - expected) * snapshot.interval_s;
        demand += snapshot.arrival_rate * snapshot.interval_s;
      }
      moments.push({
        timeMs,
        arrivalRate: snapshot.arrival_rate,
        forecastRate,
        workers: snapshot.current_workers,
        required,
        backlog: snapshot.backlog,
        responseP95Sec: p95,
      });
      if (moments.length > momentsKept) moments.shift();
    },
    forecast: (forecast) => {
      const leadSec = durationSec(pool.startup_delay);
      const ahead = expectedRate(forecast, leadSec);
      if (ahead === undefined) return;
      forecastRate = ahead;
      promises.push({ dueMs: Date.parse(forecast.made_at) + leadSec * 1000, rate: ahead });
    },
    requirement: (requirement) => {
      required = requirement.workers[0] ?? null;
    },
    plan: (status, plan) => {
      if (status === 'proposed') proposed.add(plan.id);
      if (status === 'completed') carriedOut.add(plan.id);
      if (!newest || plan.updated_at >= newest.updated_at) newest = plan;
    },
    figures: (nowMs) => {
      // The newest window may still be on its way.
      const intervalMs = snapshotIntervalSec * 1000;
      const lastMs = nowMs - intervalMs;
      const due = [...windows].filter(([endMs]) => endMs <= lastMs);
      return {
        workerSec,
        windows: Math.max(due.length, Math.floor((lastMs - startedMs) / intervalMs)),
        windowsMeasured: due.length,
        windowsTrusted: due.filter(([, isTrusted]) => isTrusted).length,
        maxBacklog,
        forecastWape: demand > 0 ? absoluteError / demand : null,
        plansProposed: proposed.size,
        plansCarriedOut: carriedOut.size,
      };
    },
    moments: () => moments,
    lastPlan: () => newest,
  };
}

/** Demand at a lead: the mean of the sampled futures, as far as they reach, then the long forecast. */
function expectedRate({ mean, step_s: stepSec, paths }: Forecast, leadSec: number): number | undefined {
  const sampled = (paths?.rates_per_s ?? []).map(
    (rates) => rates[Math.min(rates.length - 1, Math.floor(leadSec / (paths?.step_s ?? 1)))] ?? 0,
  );
  if (sampled.length > 0) return sampled.reduce((sum, rate) => sum + rate, 0) / sampled.length;
  return mean[Math.min(mean.length - 1, Math.floor(leadSec / stepSec))];
}

function readSketch(wire: Snapshot['response_time_sketch']): QuantileSketch | undefined {
  if (!wire) return undefined;
  const read = sketchFromWire(wire);
  return read.ok ? read.sketch : undefined;
}
