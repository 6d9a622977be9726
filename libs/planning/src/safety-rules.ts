import type { Anomaly, Snapshot } from '@capplan/contracts';
import { budgetLimit } from './budget.ts';
import { type Candidate, price } from './candidates.ts';
import { confidenceOf, missProbabilityInReach } from './confidence.ts';
import type { HoldReason } from './decision.ts';
import type { Deliberation } from './deliberation.ts';
import { executableTarget } from './executable-target.ts';
import { expectedLoad, foreseenNeed, isLearning, observedNeed, presentLoad } from './field.ts';
import { newestChange } from './present.ts';
import { defaults } from './settings.ts';
import { formatNumber } from './trail.ts';
import { tuning } from './tuning.ts';
import { thresholdOf } from './worth-changing.ts';

/**
 * Takes the cheapest count through the rules, in this order: does it pay, may capacity go, how far at a time, is it too
 * soon; then the caps, which have the last word; then what forbids any change at all.
 *
 * @returns the last rule that held the wanted change back or cut it short, and the count that all rules but the last two
 *   lead to, which is the floor where another autoscaler works above it
 */
export function applyRules(d: Deliberation): { hold: HoldReason | undefined; floorWorkers: number } {
  let hold: HoldReason | undefined;
  const stop: Stop = (reason, workers, detail) => {
    if (workers === d.trail.workers) return;
    hold = reason;
    d.trail.apply(reason, workers, detail);
  };
  holdWhatDoesNotPay(d, stop);
  keepToMeasuredNeed(d);
  drainInTime(d);
  holdScaleUp(d, stop);
  holdScaleIn(d, stop);
  limitStep(d);
  waitForTheMinute(d, stop);
  holdCooldown(d, stop);
  keepCaps(d, stop);
  keepExecutable(d, stop);
  const floor = d.trail.workers;
  keepFloorOnly(d, stop);
  forbid(d, stop);
  return { hold, floorWorkers: floor };
}

type Stop = (reason: HoldReason, workers: number, detail: string) => void;

function holdWhatDoesNotPay(d: Deliberation, stop: Stop): void {
  const { input, staying, bare, best, trail } = d;
  const fromWorkers = staying.workers;
  const toWorkers = trail.workers;
  if (toWorkers === fromWorkers) return;
  const gain = bare.cost - best.cost;
  const threshold = thresholdOf({ fromWorkers, toWorkers, changes: input.history.changes, nowMs: input.nowMs });
  if (gain >= threshold) return;
  const detail = `the change would pay ${formatNumber(gain)} worker-minutes, less than ${formatNumber(threshold)}`;
  stop('below_threshold', fromWorkers, detail);
}

/** Enough to work off what waits within the policy's drain time, on top of demand. */
function drainInTime({ settings, field, present, trail }: Deliberation): void {
  if (settings.drainSec === undefined || settings.drainSec <= 0 || present.backlog === 0) return;
  const slots = expectedLoad(field) + (present.backlog * present.serviceMeanSec) / settings.drainSec;
  const needed = Math.ceil(slots / field.concurrency - 1e-9);
  const detail = `${formatNumber(present.backlog)} waiting jobs are to be worked off within ${settings.drainSec} s`;
  trail.apply('drain_time', Math.max(trail.workers, needed), detail);
}

/**
 * Trust is earned: until a forecaster has shown what it knows, its futures decide only within what queueing theory makes
 * of the measurements. No fewer workers than nearly all of the measured need, at once and between minutes too; and no more than
 * a margin above it, which is the wider the less of a jump the objective lets wait until ordered workers are there.
 */
function keepToMeasuredNeed(d: Deliberation): void {
  const { settings, field, measured: need, present, trail } = d;
  if (need === undefined || (field.mayBeEmpty && trail.workers === 0)) return;
  const { learningLeast, learningMost, learningJump, learningRelease } = tuning;
  const current = present.orderedWorkers;
  const share = (workers: number) => Math.ceil(learningLeast * workers - 1e-9);
  const least = Math.max(share(need.workers), Math.min(current, share(need.keptWorkers)));
  const margin = Math.max(learningMost, learningJump - settings.latencySec / Math.max(1, field.startupDelaySec));
  const most = Math.ceil(margin * Math.max(need.workers, need.keptWorkers) - 1e-9);
  // Who is there stays until the need has clearly gone: a count that follows every wiggle of it serves nobody.
  const bound = most < learningRelease * current ? most : Math.max(most, current);
  const detail = `${formatNumber(need.loadErlangs)} erlangs measured need ${need.workers} workers (M/G/c), and the forecast has not earned trust`;
  trail.apply('measured_need', Math.max(least, Math.min(trail.workers, bound)), detail);
}

/** The upper end of the band: for eleven minutes after a fall, capacity comes back only when the pool is busy, behind or at risk. */
function holdScaleUp(d: Deliberation, stop: Stop): void {
  const { settings, field, present, trail, staying } = d;
  const current = present.orderedWorkers;
  if (trail.workers <= current || present.backlog > 0 || !changedWithin(d, 'down')) return;
  const load = Math.max(expectedLoad(field), presentLoad(field));
  if (load > settings.utilizationHigh * current * field.concurrency) return;
  if (1 - missProbabilityInReach(d, staying) < settings.confidenceThreshold) return;
  const minutes = reversalWindowSec / 60;
  stop(
    'hysteresis',
    current,
    `lowered less than ${minutes} minutes ago and not busier than ${settings.utilizationHigh}`,
  );
}

/** Scale-in leans to the safe side: it needs good data, a quiet pool and a confident outlook. */
function holdScaleIn(d: Deliberation, stop: Stop): void {
  const { input, settings, data, trail } = d;
  const current = d.present.orderedWorkers;
  if (trail.workers >= current) return;
  const anomaly = input.forecast?.anomaly;
  if (data.state === 'missing') stop('no_data', current, data.detail);
  else if (data.state === 'stale') stop('data_stale', current, data.detail);
  else if (data.state === 'suspect') stop('data_suspect', current, data.detail);
  else if (anomaly && isDoubtful(anomaly.kind)) stop('anomaly', current, anomaly.reason);
  else if (reversesRecentRise(d)) {
    const detail = `raised less than ${reversalWindowSec / 60} minutes ago and busier than ${settings.utilizationLow}`;
    stop('hysteresis', current, detail);
  } else {
    const confidence = confidenceOf(d, candidateFor(d, trail.workers));
    if (confidence < settings.confidenceThreshold) {
      const detail = `confidence ${formatNumber(confidence)} is below ${settings.confidenceThreshold}`;
      stop('low_confidence', current, detail);
    }
  }
}

/**
 * A drop or a flat line may be a lie of the source. A level shift is a new normal, to be followed; and a spike speaks for
 * itself: while it lasts its demand is in the futures, and when it is over what came for it may go.
 */
function isDoubtful(kind: Anomaly['kind']): boolean {
  return kind === 'drop' || kind === 'flat_line';
}

const reversalWindowSec = 660;

/**
 * Hysteresis: for eleven minutes after a rise, capacity goes again only when the pool runs below the lower utilisation of
 * the band. What was needed a moment ago is likely to be needed again.
 */
function reversesRecentRise(d: Deliberation): boolean {
  if (!changedWithin(d, 'up')) return false;
  const { settings, field, present } = d;
  const load = Math.max(expectedLoad(field), presentLoad(field));
  return load > settings.utilizationLow * present.orderedWorkers * field.concurrency;
}

function changedWithin({ input }: Deliberation, direction: 'up' | 'down'): boolean {
  return input.history.changes.some(
    (change) =>
      change.toWorkers > change.fromWorkers === (direction === 'up') &&
      input.nowMs - change.timeMs < reversalWindowSec * 1000,
  );
}

/**
 * One step at a time. Without a limit of its own, a policy allows 15 workers or a doubling, and always what the load
 * measured now asks for twice over: the limit guards against a forecast that has not earned trust, not against demand
 * that is there. A trusted one orders in time what it sees coming.
 */
function limitStep({ input, settings, field, present, trail }: Deliberation): void {
  const current = present.orderedWorkers;
  const foreseen = input.forecast?.trust.state === 'trusted' ? foreseenNeed(field) - current : 0;
  const step = settings.maxStep ?? Math.max(defaults.maxStep, current, 2 * observedNeed(field) - current, foreseen);
  const bounded = Math.max(current - step, Math.min(current + step, trail.workers));
  trail.apply('step_limit', bounded, `at most ${step} workers at a time`);
}

/** A miss at least this likely cannot wait. */
const rushProbability = 0.5;

/**
 * Counts are weighed once a minute, at its first look. Shorter intervals are there to see a rush
 * early: in between, capacity only comes, and only when a miss is likely without it and the target is shorter than the
 * minute that it would wait, or while the forecast is learning.
 */
function waitForTheMinute(d: Deliberation, stop: Stop): void {
  const { snapshot } = d.input;
  const current = d.present.orderedWorkers;
  if (snapshot === undefined || d.trail.workers === current) return;
  if (d.input.isFirstLook ?? reachesOverAMinute(snapshot)) return;
  const isRush = d.settings.latencySec < 60 && missProbabilityInReach(d, d.staying) >= rushProbability;
  if ((isRush || isLearning(d.input)) && d.trail.workers > current) return;
  stop('between_minutes', current, 'between two minutes capacity only comes, and only against a likely miss');
}

function reachesOverAMinute({ timestamp, interval_s: sec }: Snapshot): boolean {
  return (Date.parse(timestamp) % 60_000) / 1000 < sec;
}

/** Jobs wait, and without more workers the objective is likely missed: capacity that went too early comes back at once. */
function isOverloaded(d: Deliberation): boolean {
  return d.present.backlog > 0 && missProbabilityInReach(d, d.staying) >= rushProbability;
}

/** Scale-in waits after any change; scale-up after a scale-up, and after a scale-in unless the pool is overloaded. */
function holdCooldown(d: Deliberation, stop: Stop): void {
  const { input, settings, present, trail } = d;
  const current = present.orderedWorkers;
  const last = newestChange(input.history.changes);
  if (trail.workers === current || last === undefined) return;
  const up = trail.workers > current;
  if (up && last.toWorkers < last.fromWorkers && isOverloaded(d)) return;
  const cooldownSec = up ? settings.upCooldownSec : settings.downCooldownSec;
  const sinceSec = (input.nowMs - last.timeMs) / 1000;
  if (sinceSec >= cooldownSec) return;
  const detail = `${Math.round(sinceSec)} s since the last change, ${up ? 'scale-up' : 'scale-down'} waits ${cooldownSec} s`;
  stop('cooldown', current, detail);
}

/** Minimum, maximum and hard budget hold at every moment. Money never goes below the minimum the owner asked for. */
function keepCaps(d: Deliberation, stop: Stop): void {
  const { input, settings, limits, trail } = d;
  const minimum = lowestAllowed(d);
  const named = limits.names.length === 0 ? '' : ` (${limits.names.join(', ')})`;
  if (trail.workers < minimum) stop('at_minimum', minimum, `at least ${minimum} workers${named}`);
  if (trail.workers > limits.maxWorkers) {
    stop('at_maximum', limits.maxWorkers, `at most ${limits.maxWorkers} workers${named}, ${d.best.workers} are needed`);
  }
  const budget = budgetLimit(input, settings);
  if (budget.hardWorkers === undefined) return;
  const affordable = Math.max(budget.hardWorkers, minimum);
  if (trail.workers > affordable) stop('budget', affordable, `${budget.detail}, ${d.best.workers} are needed`);
}

/**
 * What the executor would refuse is not proposed: a cap that calls a pool back still goes by `max_step` where the pool is
 * inside its limits, and the executor's own caps hold back the rest.
 */
function keepExecutable({ input, limits, present, trail }: Deliberation, stop: Stop): void {
  const { policy, pool, caps } = input;
  const current = present.orderedWorkers;
  const within = { policy, limits, workerCostPerHour: pool.workerCostPerHour };
  const byPolicy = executableTarget(current, trail.workers, within);
  trail.apply('step_limit', byPolicy, `at most ${policy.scaling.max_step} workers at a time`);
  const byCaps = executableTarget(current, trail.workers, { ...within, caps });
  stop('executor_cap', byCaps, `the executor takes no more than ${byCaps} workers in one step from ${current}`);
}

/** Another autoscaler sets the count: the planner keeps a floor under it and takes nobody away. */
function keepFloorOnly({ settings, present, trail }: Deliberation, stop: Stop): void {
  if (!settings.floorOnly || trail.workers >= present.orderedWorkers) return;
  stop(
    'floor_only',
    present.orderedWorkers,
    `the floor is ${trail.workers}; what stands above it is not the planner's`,
  );
}

/** The least count that may stand: the policy's minimum; one worker, unless zero is allowed and nothing is there to do. */
function lowestAllowed({ limits, field }: Deliberation): number {
  if (limits.minWorkers > 0) return limits.minWorkers;
  return Math.min(field.mayBeEmpty ? 0 : 1, limits.maxWorkers);
}

function forbid({ input, limits, present, trail }: Deliberation, stop: Stop): void {
  const current = present.orderedWorkers;
  if (trail.workers === current) return;
  if (input.snapshot?.quality.unknown?.includes('current_workers') === true) {
    stop('no_data', current, 'how many workers run is not known, and an order is a whole number of them');
  }
  if (limits.frozen) stop('frozen', current, `no change while ${limits.names.join(', ')} is open`);
  if (input.pool.tags.includes('pci') !== input.policy.tags.includes('pci')) {
    stop('tags_disagree', current, 'pool and policy must both be tagged pci, or neither');
  }
  if (!input.policy.enabled) stop('policy_disabled', current, `policy ${input.policy.id} is not enabled`);
}

/** The priced candidate of a count; counts that the search did not look at are priced now. */
export function candidateFor(d: Deliberation, workers: number): Candidate {
  return d.priced.find((candidate) => candidate.workers === workers) ?? price(d.field, workers);
}
