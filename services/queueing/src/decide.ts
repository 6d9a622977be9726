import {
  durationSec,
  type Forecast,
  type Policy,
  type Pool,
  type Requirement,
  type Snapshot,
  workersMax,
} from '@capplan/contracts';
import {
  modifiedOfferedLoad,
  type ServiceDistribution,
  type SizeConstraint,
  type SizeQuery,
  type SizeResult,
  serviceMeanSec,
  size,
} from '@capplan/queueing';
import type { QueueingConfig } from './config.ts';

export interface SizingInput {
  pool: Pool;
  policy: Policy;
  snapshot: Snapshot;
  /** The newest one, if any. One that is not trusted, or over, is left aside. */
  forecast: Forecast | undefined;
  service: ServiceDistribution | undefined;
  /** What was worked out before for the same pool, policy and service times; see `createStepSizer`. */
  sizer?: StepSizer;
}

/** Workers for a load ahead, in erlangs. */
export type StepSizer = (offeredLoadErlangs: number) => number;

/** Without a forecast the present demand is taken to last so long. */
const HOLD_SEC = 3600;
/** Loads closer than this share need the same number of workers, near enough to be worked out once. */
const LOAD_STEP = 0.01;

/**
 * How many workers will this pool need at each step ahead, to keep its objective?
 *
 * Step by step: the demand quantile of the forecast, as a modified offered load (work lags behind arrivals), sized with
 * the pool's measured service times. The first step is sized for no less than the demand observed now, and for draining the
 * backlog that is there. A requirement is what the objective asks for; the policy's bounds are the planner's business.
 *
 * `feasible` is false when no number of workers helps, because service alone breaks the target: then the counts only keep up
 * with the load.
 *
 * @returns undefined while nothing is known of the service times
 * @see Jennings, Mandelbaum, Massey & Whitt, Server staffing to meet time-varying demand, Management Science 42(10), 1996
 */
export function sizePool(input: SizingInput, config: QueueingConfig): Requirement | undefined {
  const { pool, snapshot, service } = input;
  if (service === undefined) return undefined;
  const demand = demandAhead(input, config);
  const loads = modifiedOfferedLoad({
    ratesPerSec: demand.ratesPerSec,
    stepSec: demand.stepSec,
    service,
    historyPerSec: [snapshot.arrival_rate],
  });
  const meanSec = serviceMeanSec(service);
  const objectives = objectivesOf(input);
  const sizeAt = input.sizer ?? createStepSizer({ ...input, service });
  const first = sizeNow(
    { ...input, service },
    Math.max(loads[0] ?? 0, snapshot.arrival_rate * meanSec) / meanSec,
    objectives,
  );
  const workers = [first.workers];
  for (let i = 1; i < loads.length; i++) workers.push(sizeAt(loads[i] as number));
  const slots = snapshot.slots > 0 ? snapshot.slots : snapshot.current_workers * pool.concurrency;
  return {
    pool: pool.id,
    made_at: demand.madeAt,
    step_s: demand.stepSec,
    workers,
    offered_load_erlangs: Array.from(loads),
    quantile: demand.quantile,
    feasible: first.feasible,
    binding: first.binding,
    reason: `${first.reason} ${demand.because}`.slice(0, 1024),
    ...(slots > 0 && { utilization_now: Math.min(1, (snapshot.arrival_rate * meanSec) / slots) }),
  };
}

interface DemandAhead {
  madeAt: string;
  stepSec: number;
  ratesPerSec: number[];
  quantile: number;
  because: string;
}

function demandAhead({ snapshot, forecast }: SizingInput, config: QueueingConfig): DemandAhead {
  const hold = (because: string): DemandAhead => ({
    madeAt: snapshot.timestamp,
    stepSec: HOLD_SEC,
    ratesPerSec: [snapshot.arrival_rate],
    quantile: 0.5,
    because,
  });
  if (forecast === undefined) return hold('No forecast yet: the present demand is taken to last.');
  if (forecast.trust.state !== 'trusted') {
    return hold(`The forecast is ${forecast.trust.state}: the present demand is taken to last.`);
  }
  // Steps that are over by now are dropped: the requirement starts with the step that the snapshot lies in.
  const ageSec = (Date.parse(snapshot.timestamp) - Date.parse(forecast.made_at)) / 1000;
  const over = Math.max(0, Math.floor(ageSec / forecast.step_s));
  let nearest: { quantile: number; rates: readonly number[] } = { quantile: 0.5, rates: forecast.mean };
  for (const { level, upper } of forecast.intervals) {
    const quantile = (1 + level) / 2;
    const isNearer = Math.abs(quantile - config.demandQuantile) < Math.abs(nearest.quantile - config.demandQuantile);
    if (isNearer && upper.length === forecast.mean.length) nearest = { quantile, rates: upper };
  }
  const ratesPerSec = nearest.rates.slice(over, over + config.stepsMax);
  if (ratesPerSec.length === 0) return hold('The forecast is over: the present demand is taken to last.');
  return {
    madeAt: new Date(Date.parse(forecast.made_at) + over * forecast.step_s * 1000).toISOString(),
    stepSec: forecast.step_s,
    ratesPerSec,
    quantile: nearest.quantile,
    because: `Demand: quantile ${nearest.quantile} of the ${forecast.model} forecast.`,
  };
}

type Objectives = Pick<SizeQuery, 'latency' | 'backlog' | 'availability' | 'concurrency'>;

function objectivesOf({ pool, policy }: Pick<SizingInput, 'pool' | 'policy'>): Objectives {
  const { slo } = policy;
  const { availability } = slo;
  // A budget of everything asks for nothing.
  const target = Math.min(1 - 1e-6, 1 - (slo.error_budget ?? 0.01));
  return {
    concurrency: pool.concurrency,
    latency: { of: slo.latency_of ?? 'response', percentile: 0.95, targetSec: durationSec(slo.p95_latency) },
    ...(slo.max_backlog !== undefined && { backlog: { jobsMax: slo.max_backlog } }),
    ...(availability !== undefined &&
      availability > 0 &&
      target > 0 && { availability: { target, workerUp: availability } }),
  };
}

/**
 * Sizes any load ahead, and remembers. Loads that are practically equal are worked out once: a forecast that has not
 * changed costs nothing the next time.
 */
export function createStepSizer(input: { pool: Pool; policy: Policy; service: ServiceDistribution }): StepSizer {
  const objectives = objectivesOf(input);
  const meanSec = serviceMeanSec(input.service);
  const known = new Map<number, number>();
  return (load) => {
    if (load <= 0) return 0;
    const bucket = Math.ceil(Math.log(load) / LOAD_STEP);
    let workers = known.get(bucket);
    if (workers === undefined) {
      // The upper end of the bucket, so that rounding never eats the margin.
      const arrivalRatePerSec = Math.min(1e9, Math.exp(bucket * LOAD_STEP) / meanSec);
      workers = workersOf(sizeOrKeepUp({ ...objectives, service: input.service, arrivalRatePerSec }).result);
      known.set(bucket, workers);
    }
    return workers;
  };
}

interface SizedNow {
  workers: number;
  feasible: boolean;
  binding: Requirement['binding'];
  reason: string;
}

function sizeNow(
  input: SizingInput & { service: ServiceDistribution },
  arrivalRatePerSec: number,
  objectives: Objectives,
): SizedNow {
  const { snapshot, policy, service } = input;
  const drainSec = policy.slo.drain_time === undefined ? 0 : durationSec(policy.slo.drain_time);
  const query: SizeQuery = {
    ...objectives,
    service,
    arrivalRatePerSec: Math.min(1e9, arrivalRatePerSec),
    ...(drainSec > 0 && snapshot.backlog > 0 && { drain: { backlogJobs: snapshot.backlog, withinSec: drainSec } }),
  };
  const { result, refusal } = sizeOrKeepUp(query);
  const workers = workersOf(result);
  if (refusal !== undefined && !refusal.ok) {
    const isService = refusal.reason === 'service_time_exceeds_target';
    return {
      workers,
      feasible: false,
      binding: isService ? 'service_time' : bindingOf[refusal.constraint],
      reason: `Not achievable: ${refusal.detail}. ${workers} workers keep up with the load.`,
    };
  }
  if (!result.ok || workers === 0)
    return { workers, feasible: true, binding: 'none', reason: 'Nothing to do: no worker is needed.' };
  const { outcome, sensitivity, binding } = result;
  const late = (share: number | undefined) => `${(100 * (share ?? 0)).toFixed(1)} %`;
  return {
    workers,
    feasible: true,
    binding: bindingOf[binding],
    reason:
      `${workers} workers because of ${binding}: ${late(outcome.lateShare)} of jobs above the target` +
      ` (${late(sensitivity.oneFewer.lateShare)} with one fewer), ${(100 * outcome.utilization).toFixed(0)} % busy.`,
  };
}

const bindingOf: Record<SizeConstraint, Requirement['binding']> = {
  workers_min: 'none',
  stability: 'stability',
  utilization: 'stability',
  drain: 'drain_time',
  backlog: 'backlog',
  wait_probability: 'latency',
  latency: 'latency',
  availability: 'availability',
};

/** The size for all objectives; where they cannot be met, the one that keeps up with the load, and the refusal. */
function sizeOrKeepUp(query: SizeQuery): { result: SizeResult; refusal?: SizeResult } {
  const result = size(query);
  if (result.ok) return { result };
  const { latency: _latency, availability: _availability, ...rest } = query;
  return { result: size(rest), refusal: result };
}

function workersOf(result: SizeResult): number {
  if (result.ok) return Math.min(workersMax, result.workers);
  return Math.min(workersMax, result.workersNeeded ?? (result.reason === 'above_workers_max' ? workersMax : 0));
}
