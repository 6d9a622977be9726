import { durationSec, durationText, type Plan, type PlanStatus, timestamp } from '@capplan/contracts';
import type { Decision } from './decision.ts';
import type { DecisionInput } from './decision-input.ts';
import type { ForeseenDemand } from './foreseen-demand.ts';

/** What a plan's record needs beyond the decision. */
export interface PlanIdentity {
  id: string;
  status: PlanStatus;
  statusReason: string;
  requestedBy: string;
}

const expiresAfterSec = 900;

/**
 * The record of a decision, with the field names of the API.
 *
 * The forecast in it is the part that the decision looked at. `simulation` is what the sampled futures say, and says
 * that no trial was run; a trial's result replaces it.
 */
export function toPlan(decision: Decision, input: DecisionInput, identity: PlanIdentity): Plan {
  const { policy, snapshot, nowMs } = input;
  const at = timestamp(nowMs);
  const approvalsNeeded = approvalsNeededFor(decision, input);
  const expires = policy.approval?.expires_after;
  return {
    id: identity.id,
    pool: input.pool.id,
    policy_id: policy.id,
    mode: policy.mode,
    status: identity.status,
    status_reason: identity.statusReason,
    created_at: at,
    updated_at: at,
    expires_at: timestamp(nowMs + 1000 * (expires === undefined ? expiresAfterSec : durationSec(expires))),
    requested_by: identity.requestedBy,
    current_workers: decision.currentWorkers,
    target_workers: decision.targetWorkers,
    current_state: {
      workers: decision.currentWorkers,
      utilization: snapshot?.utilization ?? 0,
      backlog: snapshot?.backlog ?? 0,
    },
    target_state: {
      workers: decision.targetWorkers,
      projected_utilization: decision.projectedUtilization,
      projected_backlog: decision.projectedBacklog,
    },
    steps: decision.steps,
    confidence: decision.confidence,
    slo_achievable: decision.sloAchievable,
    rationale: decision.rationale,
    explanation: decision.explanation,
    alternatives: decision.alternatives,
    forecast: forecastOf(decision.foreseen),
    simulation: {
      simulated: false,
      slo_achievement: 1 - decision.violationProbability,
      max_backlog: decision.maxBacklog,
      p95_latency: durationText(decision.responseSecP95),
      cost_impact: decision.costImpact,
    },
    cost_impact: decision.costImpact,
    large_change: decision.largeChange,
    approvals_needed: approvalsNeeded,
    approvals: [],
  };
}

/**
 * How many people must agree: none in advisory mode, where nothing is carried out; two for a large change; one in
 * manual mode and whenever an automatic plan is not sure enough of itself.
 *
 * An unsure plan still goes ahead by itself when it scales up: more capacity is the safe side.
 */
export function approvalsNeededFor(decision: Decision, input: DecisionInput): 0 | 1 | 2 {
  const { policy } = input;
  if (policy.mode === 'advisory') return 0;
  if (decision.largeChange) return 2;
  if (policy.mode === 'manual') return 1;
  const unsure = decision.confidence < (policy.scaling.confidence_threshold ?? 0.85);
  return unsure && decision.targetWorkers < decision.currentWorkers ? 1 : 0;
}

function forecastOf({ stepSec, meanPerSec, lowerPerSec, upperPerSec, share }: ForeseenDemand): Plan['forecast'] {
  return {
    window: durationText(meanPerSec.length * stepSec),
    step_s: stepSec,
    predicted_lambda: meanPerSec,
    confidence_bands: { level: share, upper: upperPerSec, lower: lowerPerSec },
  };
}
