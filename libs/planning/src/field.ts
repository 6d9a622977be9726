import type { ServiceDistribution } from '@capplan/queueing';
import type { CandidateField } from './candidates.ts';
import type { DecisionInput } from './decision-input.ts';
import { demandAhead } from './demand-ahead.ts';
import { allowedWaitSec, type FluidPaths } from './fluid-queue.ts';
import { decisionHorizonSec } from './horizon.ts';
import { missCurve } from './late-share.ts';
import type { Present } from './present.ts';
import { missedMinutePrice } from './price-of-a-miss.ts';
import { createRecentLoad, isQuiet, rateToKeep } from './recent-load.ts';
import type { Settings } from './settings.ts';
import { steadyTable } from './steady-table.ts';
import { tuning } from './tuning.ts';
import { reversalFactor } from './worth-changing.ts';

/** Everything the candidates are run against: demand ahead, the queue, the prices. */
export function fieldOf(input: DecisionInput, settings: Settings, present: Present): CandidateField {
  const { pool } = input;
  const periodSec = input.decisionPeriodSec ?? input.snapshot?.interval_s ?? 60;
  const horizonSec = decisionHorizonSec({ startupDelaySec: pool.startupDelaySec, decisionPeriodSec: periodSec });
  const horizonMinutes = horizonSec / 60;
  const demand = demandAhead({
    forecast: input.forecast,
    nowMs: input.nowMs,
    arrivalRatePerSec: present.arrivalRatePerSec,
    jobsCounted: present.arrivalRatePerSec * (input.snapshot?.interval_s ?? 0),
    attemptsPerJob: present.attemptsPerJob,
    horizonSec,
  });
  const ratePerSec = meanRateOf(demand, 0);
  const load = ratePerSec * present.serviceMeanSec;
  const service: ServiceDistribution = {
    kind: 'lognormal',
    meanSec: present.serviceMeanSec,
    scv: present.serviceScv,
  };
  const miss = missCurve({
    service,
    latencySec: settings.latencySec,
    latencyOf: settings.latencyOf,
    jobsPerWindow: ratePerSec * 60,
  });
  const recent = input.recent ?? createRecentLoad();
  const keptRatePerSec = rateToKeep({
    recent,
    forecast: input.forecast,
    attemptsPerJob: present.attemptsPerJob,
    ratePerSec,
    nowMs: input.nowMs,
  });
  return {
    present,
    keptRatePerSec,
    mayBeEmpty:
      settings.scaleToZero &&
      settings.minWorkers === 0 &&
      present.busySlots + present.backlog + present.arrivalRatePerSec === 0 &&
      isQuiet(recent, input.nowMs),
    concurrency: pool.concurrency,
    reachFrom: Math.min(demand.steps - 1, Math.floor(pool.startupDelaySec / demand.stepSec)),
    startupDelaySec: pool.startupDelaySec,
    demand,
    fluid: {
      jobs: present.busySlots + present.backlog,
      serviceMeanSec: present.serviceMeanSec,
      serviceScv: present.serviceScv,
      miss,
      steady: steadyTable(
        { ...present, ...settings },
        { stepSec: demand.stepSec, allowedWaitSec: allowedWaitSec(miss) },
      ),
      maxBacklog: settings.maxBacklog,
      laterOrderSec: Math.max(0, allowedWaitSec(miss) - pool.startupDelaySec - Math.max(periodSec, minuteSec)),
      drainServers: tuning.drainShare * Math.max(1, load, 0.5 * present.orderedWorkers * pool.concurrency),
    },
    pricing: {
      missedMinute: missedMinutePrice(settings, pool, { loadErlangs: load, isLearning: isLearning(input) }),
      leftover: tuning.leftover,
      movedUp: tuning.movedUp * horizonMinutes * reversalFactor(true, input.history.changes, input.nowMs),
      movedDown: tuning.movedDown * horizonMinutes * reversalFactor(false, input.history.changes, input.nowMs),
    },
  };
}

/** Whether there is no forecast, or one that has not shown yet what it knows. */
export function isLearning({ forecast }: DecisionInput): boolean {
  return forecast === undefined || forecast.trust.state === 'learning';
}

/** Mean demand of one step over the paths, attempts per second. */
export function meanRateAt(field: CandidateField, step: number): number {
  return meanRateOf(field.demand, step);
}

function meanRateOf({ paths, steps, ratesPerSec }: FluidPaths, step: number): number {
  let sum = 0;
  for (let p = 0; p < paths; p++) sum += ratesPerSec[p * steps + step] as number;
  return sum / paths;
}

/** Load when a worker ordered now takes its first jobs, erlangs. */
export function expectedLoad(field: CandidateField): number {
  return filledWithin(meanRateAt(field, field.reachFrom) * field.fluid.serviceMeanSec, field);
}

/**
 * How far demand of a load will have filled its slots by the end of the horizon, erlangs: from the jobs there now towards the
 * load, with the mean residual service time (the lag of modified offered load).
 */
export function filledWithin(load: number, { fluid, demand }: CandidateField): number {
  const residualSec = (fluid.serviceMeanSec * (1 + fluid.serviceScv)) / 2;
  if (!(residualSec > 0)) return load;
  const kept = Math.exp((-demand.steps * demand.stepSec) / residualSec);
  return load + (Math.min(load, fluid.jobs) - load) * kept;
}

/** Load of the first step of the futures, erlangs: steadier than the newest measurement alone. */
export function presentLoad(field: CandidateField): number {
  return filledWithin(meanRateAt(field, 0) * field.fluid.serviceMeanSec, field);
}

/** Workers that the demand measured now and the waiting jobs would keep busy: evidence, not a forecast. */
export function observedNeed(field: CandidateField): number {
  const { fluid, present, demand, concurrency } = field;
  const backlogLoad = (present.backlog * fluid.serviceMeanSec) / Math.max(demand.stepSec * 4, fluid.serviceMeanSec);
  return Math.ceil((arrivingLoad(present) + backlogLoad) / concurrency);
}

/** Workers that the highest mean demand of the horizon needs, with two deviations of its count. */
export function foreseenNeed(field: CandidateField): number {
  let highest = 0;
  for (let s = 0; s < field.demand.steps; s++) highest = Math.max(highest, meanRateAt(field, s));
  const load = highest * field.fluid.serviceMeanSec;
  return Math.ceil((load + 2 * Math.sqrt(load)) / field.concurrency);
}

/** Load of the new jobs measured now and of their retries, erlangs. */
export function arrivingLoad({ arrivalRatePerSec, attemptsPerJob, serviceMeanSec }: Present): number {
  return arrivalRatePerSec * attemptsPerJob * serviceMeanSec;
}

/**
 * The least count worth looking at: the load of now and a little over it. Scale-in follows demand that is there, not
 * demand that is foreseen to go; and a short look ahead would save workers by filling the queue up to its limit and pay
 * for it right after, over and over.
 */
export function stableFloor(field: CandidateField): number {
  // What is hardly ever there is not rounded up to a worker: the price of a late job against an idle worker decides.
  if (field.mayBeEmpty) return 0;
  const load = Math.max(presentLoad(field), filledWithin(field.keptRatePerSec * field.fluid.serviceMeanSec, field));
  const slots = Math.max(load + tuning.floorDeviations * Math.sqrt(load), stillBusySlots(field));
  return Math.min(field.present.orderedWorkers, Math.ceil(slots / field.concurrency - 1e-9));
}

/**
 * Slots whose jobs go on for longer than the minute until counts are weighed again. Nobody is sent away over a job: what
 * may go are slots that come free by themselves.
 */
export function stillBusySlots({ present, fluid }: CandidateField): number {
  const residualSec = (fluid.serviceMeanSec * (1 + fluid.serviceScv)) / 2;
  return residualSec > 0 ? present.busySlots * Math.exp(-minuteSec / residualSec) : 0;
}

const minuteSec = 60;

/** More workers than any sampled future could use: its highest load plus the backlog worked off within one step. */
export function sensibleMaximum(field: CandidateField): number {
  const { ratesPerSec, stepSec, paths, steps } = field.demand;
  let highest = 0;
  for (let i = 0; i < paths * steps; i++) highest = Math.max(highest, ratesPerSec[i] as number);
  const { jobs, serviceMeanSec } = field.fluid;
  const load = highest * serviceMeanSec;
  const slots = load + 4 * Math.sqrt(load) + 1 + (jobs * serviceMeanSec) / Math.max(stepSec, serviceMeanSec);
  return Math.max(field.present.orderedWorkers, Math.ceil(slots / field.concurrency));
}
