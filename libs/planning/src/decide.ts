import { type Alternative, durationText, type Step, timestamp } from '@capplan/contracts';
import { serviceQuantileSec } from '@capplan/queueing';
import { budgetLimit } from './budget.ts';
import { type Candidate, type CandidateField, cheapest, price } from './candidates.ts';
import { costImpactOf, isLargeChange } from './cost-impact.ts';
import { type DataState, judgeData } from './data-state.ts';
import type { Decision, HoldReason } from './decision.ts';
import type { DecisionInput } from './decision-input.ts';
import { createTrail } from './explanation.ts';
import { fieldOf, meanRateAt, reachStep, sensibleMaximum } from './field.ts';
import { laterSteps } from './later-steps.ts';
import { newestChange, type Present, readPresent } from './present.ts';
import { rationaleOf } from './rationale.ts';
import { limitsAt } from './schedule-window.ts';
import { defaults, resolveSettings, type Settings } from './settings.ts';
import { sloAchievable } from './slo-achievable.ts';
import { tuning } from './tuning.ts';
import { thresholdOf } from './worth-changing.ts';

/**
 * How many workers this pool should have ordered now, why, and what is foreseen.
 *
 * Sampled futures of demand run from the pool's present state through a cheap queue for every candidate count; the
 * count with the least expected cost of workers, missed minutes and backlog left behind is wanted. Rules of safety
 * then decide how much of that may happen now. Same input, same decision.
 *
 * Assumes one queue in order of arrival and workers of equal speed. Without sampled paths in the forecast it falls
 * back to a fan around the newest measurement, which costs more for the same safety.
 *
 * @example decide({ nowMs, pool, policy, snapshot, forecast, history: { changes: [] } }).targetWorkers
 */
export function decide(input: DecisionInput): Decision {
  const settings = resolveSettings(input.policy);
  const limits = limitsAt(input.policy.scaling.schedules ?? [], settings, input.nowMs);
  const data = judgeData(input);
  const { snapshot } = input;
  const present = snapshot === undefined ? unknownPresent(input, limits.minWorkers) : readPresent(snapshot, input);
  const field = fieldOf(input, settings, present);
  const current = present.orderedWorkers;
  const highest = Math.max(limits.maxWorkers, current);

  const { best, priced } = cheapest(
    field,
    Math.min(highest, stableFloor(field)),
    Math.min(highest, sensibleMaximum(field)),
  );
  const staying = priced.find((candidate) => candidate.workers === current) ?? price(field, current);
  const trail = createTrail(current);
  const expected = Math.ceil(expectedLoad(field) / input.pool.concurrency - 1e-9);
  trail.apply(
    'expected_load',
    expected,
    `${format(expectedLoad(field))} erlangs expected when a worker ordered now is there`,
    true,
  );
  trail.apply(
    'uncertainty',
    best.workers,
    `cheapest of ${priced.length} counts over ${field.demand.paths} sampled futures`,
    true,
  );
  const margin = Math.ceil((best.workers * (1 + settings.safetyMargin)) / settings.availability - 1e-9);
  trail.apply('safety_margin', margin, `margin ${settings.safetyMargin}, worker availability ${settings.availability}`);

  let hold: HoldReason | undefined;
  const stop = (reason: HoldReason, workers: number, detail: string): void => {
    if (workers === trail.workers) return;
    hold = reason;
    trail.apply(reason, workers, detail);
  };

  // What pays: money first, limits next, so that a limit always has the last word over a preference.
  const wanted = trail.workers;
  const candidate = wanted === best.workers ? best : price(field, wanted);
  if (wanted !== current) {
    const gain = staying.cost - candidate.cost;
    const threshold = thresholdOf({
      fromWorkers: current,
      toWorkers: wanted,
      changes: input.history.changes,
      nowMs: input.nowMs,
    });
    if (gain < threshold) {
      stop(
        'below_threshold',
        current,
        `the change would pay ${format(gain)} worker-minutes, less than ${format(threshold)}`,
      );
    }
  }
  const minimum = lowestAllowed(settings, limits.minWorkers, field);
  if (trail.workers < minimum) stop('at_minimum', minimum, `at least ${minimum} workers${named(limits.names)}`);
  if (trail.workers > limits.maxWorkers)
    stop('at_maximum', limits.maxWorkers, `at most ${limits.maxWorkers} workers${named(limits.names)}`);
  const budget = budgetLimit(input, settings);
  if (budget.hardWorkers !== undefined && trail.workers > Math.max(budget.hardWorkers, minimum)) {
    stop('budget', Math.max(budget.hardWorkers, minimum), budget.detail);
  }

  // Scale-in leans to the safe side.
  const forced =
    current > limits.maxWorkers ||
    (budget.hardWorkers !== undefined && current > Math.max(budget.hardWorkers, minimum));
  if (trail.workers < current && !forced) {
    if (data.state === 'missing') stop('no_data', current, data.detail);
    else if (data.state === 'stale') stop('data_stale', current, data.detail);
    else if (data.state === 'suspect') stop('data_suspect', current, data.detail);
    else if (input.forecast?.anomaly) stop('anomaly', current, input.forecast.anomaly.reason);
    else if (reversesRecentRise(input, settings, field)) {
      stop(
        'hysteresis',
        current,
        `raised less than ${reversalWindowSec / 60} minutes ago and busier than ${settings.utilizationLow}`,
      );
    } else if (settings.floorOnly) trail.apply('floor_only', trail.workers, 'only the floor sinks', true);
  }

  // One step at a time.
  const step = settings.maxStep ?? Math.max(defaults.maxStep, current, 2 * observedNeed(field) - current);
  if (trail.workers > current + step) trail.apply('step_limit', current + step, `at most ${step} workers at a time`);
  if (trail.workers < current - step) trail.apply('step_limit', current - step, `at most ${step} workers at a time`);

  if (trail.workers !== current) {
    const last = newestChange(input.history.changes);
    const up = trail.workers > current;
    const cooldownSec = up ? settings.upCooldownSec : settings.downCooldownSec;
    const sinceSec = last === undefined ? Number.POSITIVE_INFINITY : (input.nowMs - last.timeMs) / 1000;
    if (sinceSec < cooldownSec) {
      stop(
        'cooldown',
        current,
        `${Math.round(sinceSec)} s since the last change, ${up ? 'scale-up' : 'scale-down'} waits ${cooldownSec} s`,
      );
    }
  }
  if (limits.frozen) stop('frozen', current, `no change while ${limits.names.join(', ')} is open`);
  if (tagsDisagree(input)) stop('tags_disagree', current, 'pool and policy must both be tagged pci, or neither');
  if (!input.policy.enabled) stop('policy_disabled', current, `policy ${input.policy.id} is not enabled`);

  const target = trail.workers;
  const chosen = priced.find((priceOf) => priceOf.workers === target) ?? price(field, target);
  const reach = reachStep(field);
  const inReachMinutes = ((field.demand.steps - reach) * field.demand.stepSec) / 60;
  const violation = Math.min(1, chosen.outcome.missedMinutesInReach / inReachMinutes);
  const confidence = confidenceOf(violation, data, input);
  const rate = meanRateAt(field, reach);
  const achievable = sloAchievable(field);
  const horizonSec = field.demand.steps * field.demand.stepSec;
  const steps: Step[] = [];
  if (target !== current) {
    steps.push({
      timestamp: timestamp(input.nowMs),
      action: target > current ? 'scale_up' : 'scale_down',
      from_workers: current,
      to_workers: target,
      reason: `${format(rate)} jobs/s expected in ${Math.round(input.pool.startupDelaySec)} s, ${Math.round(present.backlog)} waiting`,
      confidence,
      estimated_duration: durationText(target > current ? input.pool.startupDelaySec : 0),
    });
  }
  const workersPerRate =
    rate > 0 ? Math.max(best.workers / rate, field.fluid.serviceMeanSec / input.pool.concurrency) : 0;
  steps.push(...laterSteps({ input, settings, targetWorkers: target, workersPerRate, confidence }));
  return {
    currentWorkers: current,
    targetWorkers: target,
    steps,
    hold,
    explanation: trail.lines,
    alternatives: alternativesOf(priced, chosen, best, input),
    rationale: rationaleOf({
      fromWorkers: current,
      toWorkers: target,
      wantedWorkers: best.workers,
      hold,
      holdDetail: trail.lines.find((line) => line.rule === hold)?.detail ?? '',
      ratePerSec: rate,
      aheadSec: input.pool.startupDelaySec,
      backlog: present.backlog,
      violationProbability: violation,
      stayingViolationProbability: Math.min(1, staying.outcome.missedMinutesInReach / inReachMinutes),
      sloAchievable: achievable,
      softBudgetWorkers: budget.softWorkers,
    }),
    confidence,
    sloAchievable: achievable,
    costImpact: costImpactOf({ field, pool: input.pool, settings, staying, chosen }),
    violationProbability: violation,
    projectedUtilization:
      target > 0 ? Math.min(1, (rate * field.fluid.serviceMeanSec) / (target * input.pool.concurrency)) : 0,
    projectedBacklog: chosen.outcome.backlogEnd,
    maxBacklog: chosen.outcome.backlogMax,
    responseSecP95:
      chosen.outcome.waitEndSec +
      serviceQuantileSec({ kind: 'lognormal', meanSec: present.serviceMeanSec, scv: present.serviceScv }, 0.95),
    largeChange: isLargeChange(input.policy, input.pool, current, target),
    horizonSec,
    expectedRatePerSec: rate,
  };
}

const reversalWindowSec = 600;

/**
 * Hysteresis: for ten minutes after a rise, capacity goes again only when the workers left would run below the lower
 * utilisation of the band. What was needed a moment ago is likely to be needed again.
 */
function reversesRecentRise(input: DecisionInput, settings: Settings, field: CandidateField): boolean {
  const recently = input.history.changes.some(
    (change) => change.toWorkers > change.fromWorkers && input.nowMs - change.timeMs < reversalWindowSec * 1000,
  );
  if (!recently) return false;
  const load = Math.max(expectedLoad(field), field.present.arrivalRatePerSec * field.fluid.serviceMeanSec);
  return load > settings.utilizationLow * field.present.orderedWorkers * field.concurrency;
}

/**
 * The least count worth looking at: the load of now and of the reach, and a little over it.
 *
 * A short look ahead would save workers by filling the queue up to its limit and pay for it right after, over and over.
 */
function stableFloor(field: CandidateField): number {
  const load = Math.min(expectedLoad(field), currentLoad(field));
  const slots = load + tuning.floorDeviations * Math.sqrt(load);
  return Math.min(field.present.orderedWorkers, Math.ceil(slots / field.concurrency - 1e-9));
}

/** Load over the first step of the futures, erlangs: steadier than the newest measurement alone. */
function currentLoad(field: CandidateField): number {
  return meanRateAt(field, 0) * field.fluid.serviceMeanSec;
}

/** Workers that the demand measured now and the waiting jobs would keep busy: evidence, not a forecast. */
function observedNeed(field: CandidateField): number {
  const { fluid, present, demand, concurrency } = field;
  const backlogLoad = (present.backlog * fluid.serviceMeanSec) / Math.max(demand.stepSec * 4, fluid.serviceMeanSec);
  return Math.ceil((present.arrivalRatePerSec * fluid.serviceMeanSec + backlogLoad) / concurrency);
}

function expectedLoad(field: CandidateField): number {
  return meanRateAt(field, reachStep(field)) * field.fluid.serviceMeanSec;
}

/** Sampled futures that keep the objective, lowered where the measurement behind them is doubtful. */
function confidenceOf(violation: number, data: DataState, input: DecisionInput): number {
  const ofData = data.state === 'good' ? 1 : data.state === 'missing' ? 0 : 0.6;
  const ofForecast = input.forecast?.paths === undefined ? 0.9 : 1;
  return Math.max(0, Math.min(1, (1 - violation) * ofData * ofForecast));
}

/** The least count that may stand: the policy's minimum, one worker unless zero is allowed and nothing is there to do. */
function lowestAllowed(settings: Settings, minWorkers: number, field: CandidateField): number {
  if (minWorkers > 0) return minWorkers;
  if (!settings.scaleToZero) return 1;
  const { jobs } = field.fluid;
  return jobs > 0 || field.present.arrivalRatePerSec > 0 ? 1 : 0;
}

/** A pool nobody has measured: what was ordered last, or the minimum, and no demand. */
function unknownPresent(input: DecisionInput, minWorkers: number): Present {
  const ordered = newestChange(input.history.changes)?.toWorkers ?? minWorkers;
  return {
    readyWorkers: ordered,
    starting: [],
    orderedWorkers: ordered,
    busySlots: 0,
    backlog: 0,
    arrivalRatePerSec: 0,
    serviceMeanSec: input.pool.serviceTimeHintSec ?? 1,
    serviceScv: 1,
  };
}

function tagsDisagree(input: DecisionInput): boolean {
  return input.pool.tags.includes('pci') !== input.policy.tags.includes('pci');
}

function alternativesOf(priced: Candidate[], chosen: Candidate, best: Candidate, input: DecisionInput): Alternative[] {
  const money = input.pool.workerCostPerHour / 60;
  return priced
    .filter((candidate) => candidate.workers !== chosen.workers)
    .sort(
      (a, b) => Math.abs(a.workers - chosen.workers) - Math.abs(b.workers - chosen.workers) || a.workers - b.workers,
    )
    .slice(0, 4)
    .map((candidate) => ({
      workers: candidate.workers,
      expected_cost: Math.round(candidate.cost * money * 1e4) / 1e4,
      violation_probability: Math.min(1, candidate.outcome.brokenPaths),
      rejected_because:
        candidate.workers === best.workers
          ? 'cheapest, but a rule holds it back'
          : `costs ${format(candidate.cost - best.cost)} worker-minutes more than ${best.workers} workers`,
    }));
}

function named(names: readonly string[]): string {
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}

function format(value: number): string {
  return String(Math.round(value * 100) / 100);
}
