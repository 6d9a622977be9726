import {
  cutText,
  durationSec,
  durationText,
  type Plan,
  type Pool,
  type Step,
  startupDelaySec,
  timestamp,
} from '@capplan/contracts';
import { type Decision, type DecisionInput, type PoolFacts, toPlan } from '@capplan/planning';
import type { TrialAnswer } from '../ports.ts';
import { shortenPlan } from './shorten-plan.ts';

export interface DraftFacts {
  id: string;
  input: DecisionInput;
  decision: Decision;
  requestedBy: string;
  expiresAfterSec: number;
  /** Steps due later than this from now are foreseen, and not part of the plan. */
  commitSec: number;
  forecastPoints: number;
}

/** The pool as the decision core wants to see it. */
export function poolFacts(pool: Pool): PoolFacts {
  return {
    id: pool.id,
    concurrency: pool.concurrency,
    startupDelaySec: startupDelaySec(pool),
    workerCostPerHour: pool.worker_cost_per_hour,
    tags: pool.tags,
    ...(pool.service_time_hint === undefined ? {} : { serviceTimeHintSec: durationSec(pool.service_time_hint) }),
  };
}

/**
 * Writes a decision down as a plan. A plan holds the steps that it would carry out; what is foreseen beyond them is
 * said in the rationale, because by then newer measurements will decide.
 */
export function draftPlan(facts: DraftFacts): Plan {
  const { decision, input, id, requestedBy } = facts;
  const status = 'proposed';
  const made = toPlan(decision, input, { id, status, statusReason: decision.hold ?? status, requestedBy });
  const steps = committedSteps(decision.steps, input.nowMs, facts.commitSec).slice(0, 256);
  const target = steps.at(-1)?.to_workers ?? decision.currentWorkers;
  const expiresSec = durationSec(input.policy.approval?.expires_after ?? '') || facts.expiresAfterSec;
  return shortenPlan({
    ...made,
    expires_at: timestamp(input.nowMs + 1000 * expiresSec),
    steps,
    target_workers: target,
    target_state: { ...made.target_state, workers: target },
    ...(input.policy.scaling.floor_only && { floor_workers: decision.floorWorkers }),
    confidence: clamp(made.confidence),
    rationale: withForeseen(made.rationale, decision.steps.slice(steps.length)),
    explanation: made.explanation.slice(0, 64),
    alternatives: made.alternatives.slice(0, 32),
    forecast: shortened(made.forecast, facts.forecastPoints),
    simulation: { ...made.simulation, slo_achievement: clamp(made.simulation.slo_achievement) },
    approvals_needed: decision.largeChange ? 2 : input.policy.mode === 'auto' ? 0 : 1,
  });
}

/** Steps of the plan that are due within the commitment, and lead on from the present. */
export function committedSteps(steps: readonly Step[], nowMs: number, commitSec: number): Step[] {
  const untilMs = nowMs + 1000 * commitSec;
  const first = steps.findIndex((step) => Date.parse(step.timestamp) > untilMs);
  return first < 0 ? [...steps] : steps.slice(0, first);
}

/** The plan with what the simulator saw; without a simulation it says so. */
export function withTrial(plan: Plan, trial: TrialAnswer): Plan {
  if (!trial.simulated) return plan;
  const seen = trial.results[0];
  if (!seen) return plan;
  // A simulation that misses the objective is a reason to doubt taking workers away, none to doubt adding them.
  const down = plan.target_workers < plan.current_workers;
  const confidence = down ? Math.min(plan.confidence, seen.slo_achievement) : plan.confidence;
  return { ...plan, confidence, simulation: { ...seen, simulated: true } };
}

function withForeseen(rationale: string, foreseen: readonly Step[]): string {
  if (foreseen.length === 0) return cutText(rationale, 8192);
  const said = foreseen.slice(0, 8).map((step) => `${step.to_workers} at ${step.timestamp}`);
  const more = foreseen.length > said.length ? `, and ${foreseen.length - said.length} more` : '';
  return cutText(`${rationale} Foreseen, and decided afresh when it is due: ${said.join(', ')}${more}.`, 8192);
}

function shortened(forecast: Plan['forecast'], points: number): Plan['forecast'] {
  const { level, upper, lower } = forecast.confidence_bands;
  const first = (values: readonly number[]) => values.slice(0, points).map((value) => Number(value.toPrecision(6)));
  const kept = Math.min(points, forecast.predicted_lambda.length);
  return {
    window: durationText(kept * forecast.step_s),
    step_s: forecast.step_s,
    predicted_lambda: first(forecast.predicted_lambda),
    confidence_bands: { level, upper: first(upper), lower: first(lower) },
  };
}

function clamp(probability: number): number {
  return Number.isFinite(probability) ? Math.min(1, Math.max(0, probability)) : 0;
}
