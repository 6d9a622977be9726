import type { ServiceDistribution } from '@capplan/queueing';
import type { CandidateField } from './candidates.ts';
import type { DecisionInput } from './decision-input.ts';
import { demandAhead } from './demand-ahead.ts';
import type { FluidPaths } from './fluid-queue.ts';
import { decisionHorizonSec } from './horizon.ts';
import { missCurve } from './late-share.ts';
import type { Present } from './present.ts';
import { missedMinutePrice } from './price-of-a-miss.ts';
import type { Settings } from './settings.ts';
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
  return {
    present,
    concurrency: pool.concurrency,
    reachFrom: Math.min(demand.steps - 1, Math.floor(pool.startupDelaySec / demand.stepSec)),
    startupDelaySec: pool.startupDelaySec,
    demand,
    fluid: {
      jobs: present.busySlots + present.backlog,
      serviceMeanSec: present.serviceMeanSec,
      serviceScv: present.serviceScv,
      miss,
      maxBacklog: settings.maxBacklog,
      drainServers: tuning.drainShare * Math.max(1, load, 0.5 * present.orderedWorkers * pool.concurrency),
    },
    pricing: {
      missedMinute: missedMinutePrice(settings, pool, load),
      leftover: tuning.leftover,
      movedUp: tuning.movedUp * horizonMinutes * reversalFactor(true, input.history.changes, input.nowMs),
      movedDown: tuning.movedDown * horizonMinutes * reversalFactor(false, input.history.changes, input.nowMs),
    },
  };
}

/** Mean demand of one step over the paths, jobs per second. */
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
  return meanRateAt(field, field.reachFrom) * field.fluid.serviceMeanSec;
}

/** Load of the first step of the futures, erlangs: steadier than the newest measurement alone. */
export function presentLoad(field: CandidateField): number {
  return meanRateAt(field, 0) * field.fluid.serviceMeanSec;
}

/** Workers that the demand measured now and the waiting jobs would keep busy: evidence, not a forecast. */
export function observedNeed(field: CandidateField): number {
  const { fluid, present, demand, concurrency } = field;
  const backlogLoad = (present.backlog * fluid.serviceMeanSec) / Math.max(demand.stepSec * 4, fluid.serviceMeanSec);
  return Math.ceil((present.arrivalRatePerSec * fluid.serviceMeanSec + backlogLoad) / concurrency);
}

/**
 * The least count worth looking at: the load of now and a little over it. Scale-in follows demand that is there, not
 * demand that is foreseen to go; and a short look ahead would save workers by filling the queue up to its limit and pay
 * for it right after, over and over.
 */
export function stableFloor(field: CandidateField): number {
  const load = presentLoad(field);
  const slots = load + tuning.floorDeviations * Math.sqrt(load);
  return Math.min(field.present.orderedWorkers, Math.ceil(slots / field.concurrency - 1e-9));
}

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
