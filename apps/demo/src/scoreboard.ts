import { durationSec, type Forecast, type Plan, type Requirement, type Snapshot } from '@capplan/contracts';
import { type QuantileSketch, sketchFromWire } from '@capplan/sketch';
import type { DemoPool } from './demo-pool.ts';

/** The figures of a run, as its last line shows them. Times virtual, in seconds; money in the policy's currency. */
export interface RunFigures {
  slo_attainment: number | null;
  p95_response_s: number | null;
  max_backlog: number;
  worker_hours: number;
  cost: number;
  forecast_wape: number | null;
  plans_proposed: number;
  plans_carried_out: number;
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
  figures(): RunFigures;
  moments(): readonly Moment[];
  lastPlan(): Plan | undefined;
}

const momentsKept = 720;

/** Adds up a run from what its services say. Meeting a message twice changes nothing. */
export function createScoreboard({ pool, policy, targetSec }: DemoPool): Scoreboard {
  const violationCost = policy.cost.violation_cost_per_minute ?? 0;
  const seenWindows = new Set<string>();
  const proposed = new Set<string>();
  const carriedOut = new Set<string>();
  const moments: Moment[] = [];
  let promises: { dueMs: number; rate: number }[] = [];
  let responses: QuantileSketch | undefined;
  let workerSec = 0;
  let violationMinutes = 0;
  let maxBacklog = 0;
  let absoluteError = 0;
  let demand = 0;
  let forecastRate: number | null = null;
  let required: number | null = null;
  let newest: Plan | undefined;

  return {
    snapshot: (snapshot) => {
      if (seenWindows.has(snapshot.timestamp)) return;
      seenWindows.add(snapshot.timestamp);
      const timeMs = Date.parse(snapshot.timestamp);
      workerSec += (snapshot.current_workers + snapshot.starting_workers) * snapshot.interval_s;
      maxBacklog = Math.max(maxBacklog, snapshot.backlog);
      const sketch = readSketch(snapshot.response_time_sketch);
      const p95 = sketch && sketch.count > 0 ? sketch.quantile(0.95) : null;
      // With work waiting and nothing finished, the window has missed its target as surely as with slow answers.
      const starved = p95 === null && snapshot.backlog > 0 && snapshot.completion_rate === 0;
      if ((p95 !== null && p95 > targetSec) || starved) violationMinutes += snapshot.interval_s / 60;
      if (sketch) {
        if (responses) responses.merge(sketch);
        else responses = sketch;
      }
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
    figures: () => ({
      slo_attainment: responses && responses.count > 0 ? share(responses, targetSec) : null,
      p95_response_s: responses && responses.count > 0 ? responses.quantile(0.95) : null,
      max_backlog: maxBacklog,
      worker_hours: workerSec / 3600,
      cost: (workerSec / 3600) * pool.worker_cost_per_hour + violationMinutes * violationCost,
      forecast_wape: demand > 0 ? absoluteError / demand : null,
      plans_proposed: proposed.size,
      plans_carried_out: carriedOut.size,
    }),
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

/** Share of values at or below a limit, to the resolution of the sketch. */
function share(sketch: QuantileSketch, limit: number): number {
  const within = sketch.buckets().reduce((sum, { upper, count }) => (upper <= limit ? sum + count : sum), 0);
  return within / sketch.count;
}
