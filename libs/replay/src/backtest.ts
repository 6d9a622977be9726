import { durationSec, type Policy } from '@capplan/contracts';
import type { Decision, PoolFacts } from '@capplan/planning';
import { modifiedOfferedLoad, type ServiceDistribution, serviceMeanSec } from '@capplan/queueing';
import { type ArrivalTrace, scaleToOfferedLoad, slice } from '@capplan/traces';
import type { Controller } from './controllers/controller.ts';
import { createHpa } from './controllers/hpa.ts';
import { createKeda } from './controllers/keda.ts';
import { createOracle } from './controllers/oracle.ts';
import { createPlanner } from './controllers/planner.ts';
import { createStaticPeak } from './controllers/static-peak.ts';
import { createDecisionLoop } from './decision-loop.ts';
import { createDemand, type Demand, type WithinInterval } from './demand.ts';
import { type ForecastPoint, type ForecastScore, pointAtLead, scoreForecasts } from './forecast-score.ts';
import { type ControllerRun, type PoolSetting, runController } from './run-controller.ts';
import { type RunScore, scoreRun } from './run-score.ts';
import { openServiceSource } from './service-source.ts';
import { createWorkersForLoad } from './workers-for-load.ts';

/** What the planner can be held against. */
export const rivals = ['hpa', 'keda', 'keda-0.7', 'static', 'oracle'] as const;
export type Rival = (typeof rivals)[number];

export interface BacktestOptions {
  trace: ArrivalTrace;
  policy: Policy;
  service: ServiceDistribution;
  /** Slots of one worker; default 1. */
  concurrency?: number;
  /** Order to first job of a new worker, seconds; default 120. */
  startupDelaySec?: number;
  /** Price of one worker for an hour; default 1, which makes cost worker-hours. */
  workerCostPerHour?: number;
  /** Scale the trace so that the replayed stretch offers this many workers' worth of load on average. */
  loadWorkers?: number;
  /** First moment replayed; default `evalDays` before the end. */
  fromMs?: number;
  /** Days replayed; default 7, or what the trace has beyond its first quarter. */
  evalDays?: number;
  /** Days before `fromMs` that the forecaster may learn from; default 56. */
  historyDays?: number;
  within?: WithinInterval;
  /** Length of the windows that runs are scored by, whole minutes; default 1. */
  windowMinutes?: number;
  /** Seconds between two decisions; default 15, as often as services measure a pool. */
  decisionPeriodSec?: number;
  seed?: number | string;
  against?: readonly Rival[];
  /** No controller may have more workers than the peak of the replayed stretch needs, whatever the policy allows. */
  peakCap?: number;
  /** Told which controller is about to run; for a progress bar. */
  onRun?: (name: string) => void;
}

/** One controller's run and what it is worth. */
export interface BacktestRow {
  run: ControllerRun;
  score: RunScore;
}

export interface Backtest {
  trace: string;
  startMs: number;
  days: number;
  historyDays: number;
  demand: Demand;
  /** Erlangs that were really offered at each demand step, and the workers that they need. */
  offeredLoad: Float64Array;
  workersNeeded: number[];
  planner: BacktestRow;
  rivals: Partial<Record<Rival, BacktestRow>>;
  /** What the decisions said would come of them, added up over the run. */
  promised: { workerCost: number; windowsWithin: number };
  forecast: ForecastScore;
  forecastPoints: ForecastPoint[];
  /** Slots are the policy's, prices as given. */
  setting: PoolSetting & { workerCostPerHour: number; violationCostPerMinute: number };
}

export type BacktestResult =
  | { ok: true; backtest: Backtest }
  | { ok: false; reason: 'too_short' | 'no_demand' | 'unreachable_objective'; detail: string };

const dayMs = 86_400_000;
const hoursMin = 1;
/** The oracle may miss the target for this share of jobs. */
const oracleMissedShare = 0.025;

/**
 * How would this policy have done on a recorded trace, and how would other controllers?
 *
 * The trace's arrivals are replayed job by job through a simulated pool that the real decision code steers; the
 * forecaster learns from the stretch before, and from nothing later than each decision. Every controller meets the same
 * jobs. Assumes that demand does not react to capacity.
 *
 * @returns `too_short` when there is nothing to replay, `no_demand` when there is nothing to scale,
 *   `unreachable_objective` when service alone misses the target so often that no worker count helps
 * @example backtest({ trace, policy, service: { kind: 'lognormal', meanSec: 4, scv: 1 }, loadWorkers: 40 })
 */
export function backtest(options: BacktestOptions): BacktestResult {
  const prepared = prepare(options);
  if (!prepared.ok) return prepared;
  const { demand, history, setting, workersNeeded, offeredLoad } = prepared;
  const { service, seed = 1, against = [], windowMinutes = 1, onRun } = options;
  const peakWorkers = workersNeeded.reduce((most, workers) => Math.max(most, workers), 0);
  const policy =
    options.peakCap === undefined ? options.policy : cappedAt(options.policy, Math.ceil(options.peakCap * peakWorkers));
  const bounds = { minWorkers: policy.scaling.min_workers, maxWorkers: policy.scaling.max_workers };
  const initialWorkers = Math.min(bounds.maxWorkers, Math.max(bounds.minWorkers, workersNeeded[0] as number));
  const tried = (controller: Controller): BacktestRow => {
    onRun?.(controller.name);
    const services = openServiceSource(service, seed);
    const run = runController({ controller, demand, pool: setting, services, seed });
    return { run, score: scoreRun(run, { ...setting, windowMinutes }) };
  };

  const planned = plannerOf({ ...options, policy }, prepared, initialWorkers);
  const planner = tried(planned.controller);
  const reactive = { ...bounds, initialWorkers, concurrency: setting.concurrency };
  const make: Record<Rival, () => Controller> = {
    hpa: () => createHpa(reactive),
    keda: () => createKeda(reactive),
    'keda-0.7': () => createKeda({ ...reactive, jobsPerSlot: 0.7 }),
    static: () => createStaticPeak({ workers: peakWorkers }),
    oracle: () => createOracle({ workersNeeded, stepSec: demand.stepSec, startupDelaySec: setting.startupDelaySec }),
  };
  return {
    ok: true,
    backtest: {
      trace: options.trace.name,
      startMs: demand.startMs,
      days: (demand.counts.length * demand.stepSec) / 86_400,
      historyDays: (history.ratesPerSec.length * history.intervalSec) / 86_400,
      demand,
      offeredLoad,
      workersNeeded,
      planner,
      rivals: Object.fromEntries(against.map((rival) => [rival, tried(make[rival]())])),
      promised: planned.promised(),
      forecast: scoreForecasts(planned.points, { leadSec: planned.leadSec, ...demand }),
      forecastPoints: planned.points,
      setting,
    },
  };
}

function cappedAt(policy: Policy, workers: number): Policy {
  const { scaling } = policy;
  return {
    ...policy,
    scaling: { ...scaling, max_workers: Math.max(scaling.min_workers, Math.min(scaling.max_workers, workers)) },
  };
}

type Prepared = {
  ok: true;
  demand: Demand;
  history: ArrivalTrace;
  setting: Backtest['setting'];
  offeredLoad: Float64Array;
  workersNeeded: number[];
};

function prepare(options: BacktestOptions): Prepared | Exclude<BacktestResult, { ok: true }> {
  const { trace, policy, service, concurrency = 1, startupDelaySec = 120, workerCostPerHour = 1 } = options;
  const endMs = trace.startMs + trace.ratesPerSec.length * trace.intervalSec * 1000;
  const lengthDays = (endMs - trace.startMs) / dayMs;
  const wantedDays = options.evalDays ?? Math.min(7, 0.75 * lengthDays);
  const fromMs = options.fromMs ?? endMs - wantedDays * dayMs;
  const toMs = Math.min(endMs, fromMs + wantedDays * dayMs);
  const stretch = slice(trace, { fromMs, toMs });
  if (fromMs < trace.startMs || stretch.ratesPerSec.length * trace.intervalSec < hoursMin * 3600) {
    const have = `${trace.name} covers ${lengthDays.toFixed(2)} days from ${new Date(trace.startMs).toISOString()}`;
    const need = `replaying ${wantedDays.toFixed(2)} days from ${new Date(fromMs).toISOString()} needs a trace that covers them, and at least ${hoursMin} hour`;
    const detail = `${have}; ${need}`;
    return { ok: false, reason: 'too_short', detail };
  }
  const erlangs = options.loadWorkers === undefined ? undefined : options.loadWorkers * concurrency;
  const scaled =
    erlangs === undefined
      ? ({ ok: true, trace } as const)
      : scaleToOfferedLoad(trace, { meanServiceSec: serviceMeanSec(service), erlangs, fromMs, toMs });
  if (!scaled.ok) return scaled;
  if (!stretch.ratesPerSec.some((rate) => rate > 0)) {
    return { ok: false, reason: 'no_demand', detail: `${trace.name} has no arrivals in the stretch to replay` };
  }
  const demand = createDemand({
    trace: slice(scaled.trace, { fromMs, toMs }),
    ...(options.within && { within: options.within }),
    seed: options.seed ?? 1,
  });
  const setting = {
    concurrency,
    startupDelaySec,
    latencyOf: policy.slo.latency_of ?? ('response' as const),
    targetSec: durationSec(policy.slo.p95_latency),
    workerCostPerHour,
    violationCostPerMinute: policy.cost.violation_cost_per_minute ?? 0,
  };
  const workersFor = createWorkersForLoad({ service, ...setting, missedShare: oracleMissedShare });
  if (!workersFor) {
    const detail = `more than ${100 * oracleMissedShare} % of jobs take longer than ${policy.slo.p95_latency} in service alone, so no number of workers meets slo.p95_latency; raise it, or set slo.latency_of to wait`;
    return { ok: false, reason: 'unreachable_objective', detail };
  }
  const offeredLoad = modifiedOfferedLoad({ ...demand, service });
  const history = slice(scaled.trace, { fromMs: fromMs - (options.historyDays ?? 56) * dayMs, toMs: fromMs });
  return { ok: true, demand, history, setting, offeredLoad, workersNeeded: Array.from(offeredLoad, workersFor) };
}

function plannerOf(options: BacktestOptions, prepared: Prepared, initialWorkers: number) {
  const { demand, history, setting } = prepared;
  const { policy, decisionPeriodSec = 15 } = options;
  const pool: PoolFacts = {
    id: 'backtest/pool',
    concurrency: setting.concurrency,
    startupDelaySec: setting.startupDelaySec,
    workerCostPerHour: setting.workerCostPerHour,
    tags: policy.tags,
    serviceTimeHintSec: serviceMeanSec(options.service),
  };
  const loop = createDecisionLoop({ pool, policy });
  // What is learned lies within its intervals as what is replayed does.
  loop.learnTrace(history, options.within ?? 'held');
  const points: ForecastPoint[] = [];
  const leadSec = setting.startupDelaySec;
  const periodHours = decisionPeriodSec / 3600;
  // Until the first decision the pool is as it was found.
  let workerCost = initialWorkers * setting.workerCostPerHour * periodHours;
  let missed = 0;
  let decisions = 0;
  const onDecision = (decision: Decision, atSec: number): void => {
    workerCost += decision.costImpact.cost_per_hour_after * periodHours;
    missed += decision.violationProbability;
    decisions++;
    const forecast = loop.forecast();
    if (!forecast?.paths) return;
    const fromSec = (Date.parse(forecast.made_at) - demand.startMs) / 1000;
    points.push(pointAtLead(forecast.paths, { fromSec, atSec, leadSec }));
  };
  const controller = createPlanner({
    loop,
    poolId: pool.id,
    concurrency: pool.concurrency,
    startMs: demand.startMs,
    everySec: decisionPeriodSec,
    initialWorkers,
    onDecision,
  });
  const promised = () => ({ workerCost, windowsWithin: decisions > 0 ? 1 - missed / decisions : 1 });
  return { controller, points, leadSec, promised };
}
