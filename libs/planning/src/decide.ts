import { workersMax } from '@capplan/contracts';
import { cheapest, price } from './candidates.ts';
import { judgeData } from './data-state.ts';
import type { Decision } from './decision.ts';
import type { DecisionInput, NamedCount } from './decision-input.ts';
import type { Deliberation } from './deliberation.ts';
import { describeDecision } from './describe-decision.ts';
import { expectedLoad, fieldOf, isLearning, sensibleMaximum, stableFloor } from './field.ts';
import { measuredNeed } from './measured-need.ts';
import { newestChange, type Present, readPresent } from './present.ts';
import { applyRules } from './safety-rules.ts';
import { limitsAt } from './schedule-window.ts';
import { resolveSettings } from './settings.ts';
import { createTrail, formatNumber } from './trail.ts';

/**
 * How many workers this pool should have ordered now, why, and what is foreseen.
 *
 * Sampled futures of demand run from the pool's present state through a cheap queue for every candidate count; the
 * count with the least expected cost of workers, missed minutes, moves and backlog left behind is wanted. Rules of
 * safety then decide how much of that may happen now. Same input, same decision.
 *
 * Assumes one queue in order of arrival and workers of equal speed. Without sampled paths in the forecast it falls
 * back to a fan around the newest measurement, which costs more for the same safety.
 *
 * @param named a count that takes the place of the one decided on: every figure, sentence and alternative is about it
 * @example decide({ nowMs, pool, policy, snapshot, forecast, history: { changes: [] } }).targetWorkers
 */
export function decide(input: DecisionInput, named?: NamedCount): Decision {
  const deliberation = deliberate(input);
  const outcome = applyRules(deliberation);
  if (named === undefined) return describeDecision(deliberation, outcome);
  deliberation.trail.apply(named.rule, named.workers, named.detail, true);
  return describeDecision(deliberation, { hold: named.hold, floorWorkers: named.workers, named });
}

function deliberate(input: DecisionInput): Deliberation {
  const settings = resolveSettings(input.policy);
  const limits = limitsAt(input.policy.scaling.schedules ?? [], settings, input.nowMs);
  const data = judgeData(input);
  const { snapshot } = input;
  const present = snapshot === undefined ? unknownPresent(input, limits.minWorkers) : readPresent(snapshot, input);
  const field = fieldOf(input, settings, present);
  const current = present.orderedWorkers;
  const highest = Math.min(workersMax, Math.max(current, sensibleMaximum(field)));
  const { best, priced } = cheapest(field, Math.min(highest, stableFloor(field)), highest);
  const staying = priced.find((candidate) => candidate.workers === current) ?? price(field, current);

  const trail = createTrail(current);
  const load = expectedLoad(field);
  trail.apply(
    'expected_load',
    Math.ceil(load / input.pool.concurrency - 1e-9),
    `${formatNumber(load)} erlangs expected when a worker ordered now is there`,
    true,
  );
  trail.apply(
    'uncertainty',
    best.workers,
    `cheapest of ${priced.length} counts over ${field.demand.paths} sampled futures`,
    true,
  );
  const factor = (1 + settings.safetyMargin) / Math.max(settings.availability, 0.01);
  trail.apply(
    'safety_margin',
    Math.ceil(best.workers * factor - 1e-9),
    `margin ${settings.safetyMargin}, workers up ${formatNumber(100 * settings.availability)} % of the time`,
  );
  // The margin is not capacity to count on: what is there is weighed without it.
  const bare = factor > 1 ? price(field, Math.floor(current / factor + 1e-9)) : staying;
  const measured = isLearning(input) ? measuredNeed(input, settings, field) : undefined;
  return { input, settings, limits, data, present, field, measured, best, staying, bare, priced, trail };
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
    attemptsPerJob: 1,
    serviceMeanSec: input.pool.serviceTimeHintSec ?? 1,
    serviceScv: 1,
  };
}
