import { type Alternative, durationText, type Step, timestamp } from '@capplan/contracts';
import { serviceQuantileSec } from '@capplan/queueing';
import { budgetLimit } from './budget.ts';
import { confidenceOf, missProbabilityInReach } from './confidence.ts';
import { costImpactOf, isLargeChange } from './cost-impact.ts';
import type { Decision, HoldReason } from './decision.ts';
import type { NamedCount } from './decision-input.ts';
import type { Deliberation } from './deliberation.ts';
import { foreseenDemand } from './foreseen-demand.ts';
import { laterSteps } from './later-steps.ts';
import { rationaleOf } from './rationale.ts';
import { candidateFor } from './safety-rules.ts';
import { hopeless, sloAchievable } from './slo-achievable.ts';
import { formatNumber } from './trail.ts';

/** What keeps a pool from more workers although they would help. */
const cappingHolds: ReadonlySet<HoldReason> = new Set(['at_maximum', 'budget', 'executor_cap']);

/** Puts the outcome of a deliberation into words and figures. Decides nothing. */
export function describeDecision(
  d: Deliberation,
  { hold, floorWorkers, named }: { hold: HoldReason | undefined; floorWorkers: number; named?: NamedCount },
): Decision {
  const { input, settings, field, present, best, staying, trail } = d;
  const { pool } = input;
  const current = present.orderedWorkers;
  const target = trail.workers;
  const chosen = candidateFor(d, target);
  const confidence = confidenceOf(d, chosen);
  const violationProbability = missProbabilityInReach(d, chosen);
  const foreseen = foreseenDemand(field.demand, present.attemptsPerJob);
  const rate = foreseen.meanPerSec[field.reachFrom] as number;
  const service = { kind: 'lognormal', meanSec: present.serviceMeanSec, scv: present.serviceScv } as const;
  const workersPerRate =
    rate > 0 ? Math.max(best.workers / rate, (present.attemptsPerJob * present.serviceMeanSec) / pool.concurrency) : 0;
  const serviceAllows = sloAchievable(field);
  const isCapped = hold !== undefined && cappingHolds.has(hold) && violationProbability >= hopeless;
  return {
    currentWorkers: current,
    targetWorkers: target,
    floorWorkers: settings.floorOnly ? Math.min(floorWorkers, target) : target,
    steps: [
      ...stepNow(d, rate, confidence),
      ...laterSteps({ input, settings, targetWorkers: target, workersPerRate, confidence }),
    ],
    hold,
    explanation: trail.lines,
    alternatives: alternativesOf(d, target, named),
    rationale: rationaleOf({
      fromWorkers: current,
      toWorkers: target,
      wantedWorkers: best.workers,
      hold,
      named: named?.detail,
      holdDetail: trail.lines.find((line) => line.rule === hold)?.detail ?? '',
      ratePerSec: rate,
      aheadSec: pool.startupDelaySec,
      backlog: present.backlog,
      violationProbability,
      stayingViolationProbability: missProbabilityInReach(d, staying),
      serviceAllows,
      softBudgetWorkers: budgetLimit(input, settings).softWorkers,
    }),
    confidence,
    sloAchievable: serviceAllows && !isCapped,
    costImpact: costImpactOf({ field, pool, settings, staying, chosen }),
    violationProbability,
    projectedUtilization:
      target > 0
        ? Math.min(1, (rate * present.attemptsPerJob * present.serviceMeanSec) / (target * pool.concurrency))
        : 0,
    projectedBacklog: chosen.outcome.backlogEnd,
    maxBacklog: chosen.outcome.backlogMax,
    responseSecP95: Math.min(1e9, chosen.outcome.waitEndSec) + serviceQuantileSec(service, 0.95),
    largeChange: isLargeChange(input.policy, pool, current, target),
    horizonSec: field.demand.steps * field.demand.stepSec,
    foreseen,
    expectedRatePerSec: rate,
  };
}

function stepNow({ input, present, trail }: Deliberation, rate: number, confidence: number): Step[] {
  const current = present.orderedWorkers;
  const target = trail.workers;
  if (target === current) return [];
  const delaySec = input.pool.startupDelaySec;
  return [
    {
      timestamp: timestamp(input.nowMs),
      action: target > current ? 'scale_up' : 'scale_down',
      from_workers: current,
      to_workers: target,
      reason: `${formatNumber(rate)} jobs/s expected in ${Math.round(delaySec)} s, ${Math.round(present.backlog)} waiting`,
      confidence,
      estimated_duration: durationText(target > current ? delaySec : 0),
    },
  ];
}

const alternativesMax = 4;

/** The nearest counts that were priced and not chosen; the cheapest one too where another was named in its place. */
function alternativesOf({ priced, best, input }: Deliberation, target: number, named?: NamedCount): Alternative[] {
  const money = input.pool.workerCostPerHour / 60;
  const others = priced
    .filter((candidate) => candidate.workers !== target)
    .sort((a, b) => Math.abs(a.workers - target) - Math.abs(b.workers - target) || a.workers - b.workers);
  const nearest = others.slice(0, alternativesMax);
  const isLeftOut = named !== undefined && best.workers !== target && !nearest.includes(best);
  return (isLeftOut ? [...nearest.slice(0, -1), best] : nearest).map((candidate) => ({
    workers: candidate.workers,
    expected_cost: Math.round(candidate.cost * money * 1e4) / 1e4,
    violation_probability: Math.min(1, candidate.outcome.brokenPaths),
    rejected_because:
      candidate.workers === best.workers
        ? `cheapest, but ${named?.detail ?? 'a rule holds it back'}`.slice(0, 512)
        : `costs ${formatNumber(candidate.cost - best.cost)} worker-minutes more than ${best.workers} workers`,
  }));
}
